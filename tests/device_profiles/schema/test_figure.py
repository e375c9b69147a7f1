import pytest
from pydantic import ValidationError

from portproof.device_profiles.schema import KINDS, Figure, Npu
from portproof.device_profiles.schema.figure import Kind


def test_every_kind_has_its_meaning() -> None:
    assert set(KINDS) == set(Kind.__args__)  # type: ignore[attr-defined]


def test_a_number_may_be_missing_but_must_say_so() -> None:
    assert Figure(kind="missing", source="nowhere").value is None
    for values in ({"kind": "missing", "value": 1.0}, {"kind": "guess"}):
        with pytest.raises(ValidationError, match="a value is needed"):
            Figure.model_validate({**values, "source": "x"})


@pytest.mark.parametrize(("kind", "fits"), [("guess", True), ("derived", True), ("primary", False), ("missing", False)])
def test_what_is_borrowed_is_no_figure_of_its_own(kind: str, fits: bool) -> None:
    values = {"kind": kind, "source": "alike", "borrowed_from": "pixel-8", "value": None if kind == "missing" else 1.0}
    if fits:
        assert Figure.model_validate(values).borrowed_from == "pixel-8"
    else:
        with pytest.raises(ValidationError, match="what is borrowed"):
            Figure.model_validate(values)


def test_a_number_in_another_unit_is_more_than_any_device_has() -> None:
    npu = {"sram_mib": {"value": 8 * 2**20, "kind": "primary", "source": "bytes"}}
    with pytest.raises(ValidationError, match="is it in another unit"):
        Npu.model_validate(npu)
