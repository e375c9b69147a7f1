import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.data_choice import by_function


@pytest.mark.parametrize(
    ("data", "keys", "expected"),
    [
        (None, ["f"], [None]),
        ("photos/?size=224&mean=0.5", ["f"], ["photos/?size=224&mean=0.5"]),
        (["a=b"], ["f"], ["a=b"]),
        (["f=place"], ["f"], ["place"]),
        (["f=p/?size=2", "g=q"], ["f", "g"], ["p/?size=2", "q"]),
        (["g=q"], ["f", "g"], [None, "q"]),
        ((), ["f", "g"], [None, None]),
    ],
)
def test_whose_data_it_is(data: object, keys: list[str], expected: list[str | None]) -> None:
    assert by_function(data, keys) == dict(zip(keys, expected, strict=True))  # type: ignore[arg-type]


def test_what_is_not_clear_comes_at_once() -> None:
    with pytest.raises(PortproofError) as caught:
        by_function(["p", "f=q", "f=r", "h=s"], ["f", "g"])
    assert [message.what for message in caught.value.messages] == [
        "--data p: the model offers several functions",
        "--data f=r: there is q already",
        "--data h=s: the model offers several functions",
    ]
    assert caught.value.messages[0].hint == "say whose: --data f=... --data g=..."
