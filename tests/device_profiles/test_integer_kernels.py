import tomllib

import pytest
from pydantic import ValidationError

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.integer_kernels import RULES, KernelRules, load, units
from portproof.device_profiles.integer_limits import LIMITS, Site

XNNPACK = RULES / "integer-litert-xnnpack.toml"


def changed(place: int, **values: object) -> dict[str, object]:
    data = tomllib.loads(XNNPACK.read_text())
    data["kernels"][place] |= values
    return data


@pytest.mark.parametrize("unit", units())
def test_every_file_is_valid_and_named_after_its_unit(unit: str) -> None:
    rules = load(unit)
    assert rules.unit == unit
    assert rules.kernels


def test_every_limit_is_used() -> None:
    used = {name for unit in units() for group in load(unit).kernels for name in group.limits}
    assert used == set(LIMITS)


def test_a_kernel_says_its_rules() -> None:
    rules = load()
    conv, sigmoid, concat = (rules.kernel(op) for op in ("Conv", "Sigmoid", "Concat"))
    assert conv is not None
    assert (conv.activations, conv.weights, conv.dynamic) == (("int8",), "per_channel", True)
    assert sigmoid is not None
    assert sigmoid.fixed_output == {"int8": (1 / 256, -128)}
    assert concat is not None
    assert concat.same_scale
    assert "README.md" in concat.source


def test_what_has_no_integer_kernel_may_be_float_in_the_partition() -> None:
    rules = load()
    assert rules.kernel("Softmax") is None
    assert rules.float_in_partition("Softmax")
    assert not rules.float_in_partition("NonZero")


def test_a_refusal_names_unit_operator_and_reason() -> None:
    rules = load()
    assert "Softmax" in rules.refusal(Site(op="Softmax"))
    assert "int16" in rules.refusal(Site(op="Conv"), "int16")
    assert "dynamic" in rules.refusal(Site(op="Add"), None)
    assert rules.refusal(Site(op="Conv", constants=frozenset({1}))) == ""
    assert "no constant" in rules.refusal(Site(op="Conv"))


def test_a_unit_that_is_not_known() -> None:
    with pytest.raises(PortproofError) as caught:
        load("litert-xnpack")
    (message,) = caught.value.messages
    assert (message.code, "litert-xnnpack" in message.hint) == ("E-DEVICE-UNKNOWN", True)


@pytest.mark.parametrize(
    "data",
    [
        changed(0, source="hearsay"),
        changed(0, ops=["Add"]),
        changed(0, limits=["taste"]),
        changed(0, activations=["int16"]),
        changed(0, activations=[], dynamic=False),
        changed(0, weights="none"),
        changed(0, fixed_output={"int16": [1.0, 0]}),
        changed(0, weight="per_channel"),
    ],
)
def test_rules_that_make_no_sense(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KernelRules.model_validate(data)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("constant_weights", Site(op="Conv", constants=frozenset({1})), Site(op="Conv", constants=frozenset({0}))),
        (
            "spatial_mean",
            Site(op="ReduceMean", inputs=((1, 8, 4, 4),), values={1: (-1, -2)}),
            Site(op="ReduceMean", inputs=((1, 8, 4, 4),), values={1: (1,)}),
        ),
        ("bilinear", Site(op="Resize", attributes={"mode": "linear"}), Site(op="Resize")),
        ("constant_padding", Site(op="Pad"), Site(op="Pad", attributes={"mode": "reflect"})),
    ],
)
def test_limits(name: str, good: Site, bad: Site) -> None:
    assert LIMITS[name](good) == ""
    assert LIMITS[name](bad) != ""
