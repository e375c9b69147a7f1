import pytest

from portproof.calibration.sensitivity.mix import Mix, Precision, chosen
from portproof.calibration.sensitivity.options import bit_operations, item, options, size_bytes
from portproof.device_profiles.integer_kernels import load
from portproof.device_profiles.integer_limits import Site

CONV = Site(op="Conv", constants=frozenset({1}))


@pytest.mark.parametrize(
    ("unit", "site", "has_weights", "wanted"),
    [
        ("litert-xnnpack", CONV, True, ("int8", "dynamic", "weight_only", "float16", "float32")),
        ("litert-xnnpack", Site(op="Add"), False, ("int8", "float32")),
        ("litert-xnnpack", Site(op="Softmax"), False, ("float32",)),
        ("litert-reference", CONV, True, ("int8", "dynamic", "int16", "weight_only", "float16", "float32")),
        ("edge-tpu", CONV, True, ("int8",)),
        ("edge-tpu", Site(op="Softmax"), False, ("int8",)),
        ("edge-tpu", Site(op="Erf"), False, ()),
        ("ethos-u", CONV, True, ("int8", "int16", "float32")),
    ],
)
def test_what_a_unit_allows(unit: str, site: Site, has_weights: bool, wanted: tuple[Precision, ...]) -> None:
    assert options(load(unit), site, has_weights=has_weights) == wanted


def test_sizes_and_work() -> None:
    made = item("conv", ("int8", "int16", "float16", "float32"), weights=1000, channels=10, products=100)
    assert [option.size_bytes for option in made.options] == [1040, 1040, 2000, 4000]
    assert [option.cost for option in made.options] == [
        6400,
        12800,
        102400,
        102400,
    ]  # float16 is how weights are stored
    assert made.reference.precision == "float32"


def test_what_has_no_weights_has_no_scales() -> None:
    assert size_bytes("int8", 0, 64) == 0
    assert bit_operations("int8", 0) == 0


def test_dynamic_costs_more_than_static() -> None:
    assert bit_operations("int8", 1) < bit_operations("dynamic", 1) < bit_operations("int16", 1)


def test_a_mix_is_changed_by_name() -> None:
    items = [item(name, ("int8", "float32"), weights=8, channels=1, products=8) for name in ("a", "b")]
    mix = Mix.of(items).changed({"b": "int8"})
    assert mix.as_dict() == {"a": "float32", "b": "int8"}
    assert mix.counts() == {"float32": 1, "int8": 1}
    assert [option.size_bytes for option in chosen(items, mix)] == [32, 12]
    assert mix.precision("b") == "int8"
