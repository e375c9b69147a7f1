import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.naming import Place, find

ONE = {"serving_default": ["x", "mask"]}
TWO = {"encode": ["x", "a:b"], "decode": ["x", "state"]}


@pytest.mark.parametrize(
    ("names", "text", "signature", "name"),
    [
        (ONE, "x", "serving_default", "x"),
        (ONE, "serving_default:x", "serving_default", "x"),
        (TWO, "state", "decode", "state"),
        (TWO, "decode:x", "decode", "x"),
        (TWO, "a:b", "encode", "a:b"),
        (TWO, "encode:a:b", "encode", "a:b"),
        ({"f": ["x"]}, "", "f", "x"),
    ],
)
def test_a_name_with_or_without_its_function(names: dict[str, list[str]], text: str, signature: str, name: str) -> None:
    assert find(text, names, option="--o", kind="input") == Place(signature=signature, name=name)


@pytest.mark.parametrize(
    ("names", "text", "what", "hint"),
    [
        (ONE, "", "--o: the model has several inputs", "say which: x, mask"),
        (TWO, "x", "--o: 'x' is an input of several functions", "say which: encode:x, decode:x"),
        (ONE, "maks", "--o: there is no input 'maks'", "Did you mean mask?"),
        (TWO, "decode:q", "--o: there is no input 'decode:q'", "Did you mean decode:x"),
        (ONE, "zzzzzz", "--o: there is no input 'zzzzzz'", "inputs are x, mask"),
    ],
)
def test_what_cannot_be_meant(names: dict[str, list[str]], text: str, what: str, hint: str) -> None:
    with pytest.raises(PortproofError) as caught:
        find(text, names, option="--o", kind="input")
    (message,) = caught.value.messages
    assert (message.code, message.what) == ("E-USAGE", what)
    assert message.hint.startswith(hint)
