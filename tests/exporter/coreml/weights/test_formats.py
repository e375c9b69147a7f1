import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml.weights.formats import WeightFormat, check_target, parse


@pytest.mark.parametrize(
    ("text", "form", "oldest"),
    [
        ("int8", WeightFormat(kind="int8", bits=8), "iOS16"),
        ("int8:block=64", WeightFormat(kind="int8", bits=8, block=64), "iOS18"),
        ("int4", WeightFormat(kind="int4", bits=4, block=32), "iOS18"),
        ("int4:block=16", WeightFormat(kind="int4", bits=4, block=16), "iOS18"),
        ("palette4", WeightFormat(kind="palette", bits=4), "iOS16"),
        ("palette3", WeightFormat(kind="palette", bits=3), "iOS18"),
        ("palette6:group=16", WeightFormat(kind="palette", bits=6, group=16), "iOS18"),
        ("sparse", WeightFormat(kind="sparse"), "iOS16"),
        (" sparse:target=0.75 ", WeightFormat(kind="sparse", target=0.75), "iOS16"),
    ],
)
def test_what_is_written_is_read(text: str, form: WeightFormat, oldest: str) -> None:
    assert parse(text) == form
    assert parse(str(form)) == form
    assert form.oldest == oldest


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("int5", "there is no such format"),
        ("", "there is no such format"),
        ("int8:", "there is no such format"),
        ("palette5", "palettes have indices of 1, 2, 3, 4, 6, 8 bits"),
        ("int4:block=8", "'block=8' makes no sense: a block is 16, 32, 64 input channels"),
        ("int4:block", "'block' makes no sense: a block is 16, 32, 64 input channels"),
        ("int8:group=4", "int8 has no option 'group'"),
        ("palette4:group=0", "'group=0' makes no sense: a group is a number of output channels"),
        ("sparse:target=1", "'target=1' makes no sense: a target is a share between 0 and 1"),
        ("sparse:target=nan", "'target=nan' makes no sense: a target is a share between 0 and 1"),
    ],
)
def test_what_is_no_format(text: str, why: str) -> None:
    with pytest.raises(PortproofError) as caught:
        parse(text)
    (message,) = caught.value.messages
    assert (message.code, message.why) == ("E-USAGE", why)
    assert message.hint.startswith("write int8, int4:block=32")


@pytest.mark.parametrize(
    ("text", "target", "hint"),
    [
        ("int4", "iOS17", "choose iOS18 as the target, or palette4"),
        ("int8:block=32", "iOS16", "choose iOS18 as the target, or int8"),
        ("palette3", "iOS17", "choose iOS18 as the target, or palette4"),
        ("int8", "iOS15", "choose iOS16 as the target, or leave the weights as they are"),
        ("sparse", "iOS15", "choose iOS16 as the target, or leave the weights as they are"),
    ],
)
def test_what_a_target_does_not_have(text: str, target: str, hint: str) -> None:
    with pytest.raises(PortproofError) as caught:
        check_target(parse(text), target)
    (message,) = caught.value.messages
    assert (message.code, message.hint) == ("E-USAGE", hint)
    assert f"and the target is {target}" in message.what
    check_target(parse(text), "iOS18")
