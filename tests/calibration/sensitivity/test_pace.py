import pytest

from portproof.calibration.sensitivity.mix import Mix
from portproof.calibration.sensitivity.options import item, products_of
from portproof.calibration.sensitivity.pace import Pace, by_share
from portproof.device_profiles.errors import PortproofError

ITEMS = (
    item("a", ("int8", "dynamic", "float32"), weights=10, channels=1, products=300),
    item("b", ("int8", "weight_only", "float32"), weights=10, channels=1, products=100),
)


def test_a_mix_lies_between_the_two_by_its_products() -> None:
    found = by_share(ITEMS, Pace(integer_ms=2.0, float_ms=10.0))
    whole = Mix.of(ITEMS)
    assert found(whole) == 10.0
    assert found(whole.changed({"a": "int8", "b": "int8"})) == 2.0
    assert found(whole.changed({"a": "dynamic"})) == pytest.approx(4.0)
    assert found(whole.changed({"b": "weight_only"})) == 10.0, "it computes in float"


def test_products_are_those_the_item_was_made_of() -> None:
    assert {products_of(option) for option in ITEMS[0].options} == {300.0}


def test_nothing_takes_no_time() -> None:
    with pytest.raises(PortproofError, match="above 0 ms"):
        Pace(integer_ms=0.0, float_ms=1.0)
