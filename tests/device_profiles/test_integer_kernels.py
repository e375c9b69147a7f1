import tomllib
from typing import get_args

import pytest
from pydantic import ValidationError

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.integer_kernels import KernelRules, for_device, load, unit_of, units
from portproof.device_profiles.integer_limits import LIMITS, Site
from portproof.device_profiles.rule_files import RULES
from portproof.device_profiles.schema import Int8Unit

XNNPACK = RULES / "integer-litert-xnnpack.toml"


def changed(place: int, **values: object) -> dict[str, object]:
    data = tomllib.loads(XNNPACK.read_text())
    data["kernels"][place] |= values
    return data


@pytest.mark.parametrize("unit", units())
def test_every_file_is_valid_and_named_after_its_unit(unit: str) -> None:
    rules = load(unit)
    assert rules.unit == unit
    assert rules.source in rules.sources


def test_the_schema_of_profiles_knows_every_unit() -> None:
    assert get_args(Int8Unit) == units()


def test_every_limit_and_every_source_is_used() -> None:
    every = [load(unit) for unit in units()]
    groups = [group for rules in every for group in rules.kernels]
    used = {name for group in groups for name in (*group.limits, *group.dynamic_limits)}
    assert used | {name for rules in every for slower in rules.slower_rules for name in slower.unless} == set(LIMITS)
    for rules in every:
        named = {rule.source for rule in (*rules.kernels, *rules.slower_rules)}
        assert named | {rules.source} == set(rules.sources)


def test_units_differ_where_they_should() -> None:
    softmax = {unit: load(unit).kernel("Softmax") is not None for unit in units()}
    assert [unit for unit, takes in softmax.items() if not takes] == ["coreai", "coreml", "litert-xnnpack", "tensorrt"]
    assert not load("edge-tpu").float_islands
    assert load("coreml").symmetric_activations
    assert load("litert-reference").refusal(Site(op="Conv", constants=frozenset({1})), "int16") == ""
    gemm = load("ethos-u").kernel("Gemm")
    assert gemm is not None
    assert gemm.weights == "per_tensor"


def test_what_is_slower_is_said_for_the_processor_it_was_measured_on() -> None:
    rules = load()
    dense = Site(op="Conv", inputs=((1, 32, 8, 8), (16, 32, 3, 3)))
    first = Site(op="Conv", inputs=((1, 3, 8, 8), (16, 3, 3, 3)))
    assert "16 input channels" in rules.slower(first, "x86_64")
    assert rules.slower(dense, "x86_64") == rules.slower(dense, "x86_64", dynamic=True) == ""
    assert "quantizing the input" in rules.slower(first, "x86_64", dynamic=True)
    assert rules.slower(first, "aarch64") == ""


@pytest.mark.parametrize(
    ("device", "unit"),
    [(None, "litert-xnnpack"), ("coral-edge-tpu", "edge-tpu"), ("galaxy-s24", "qnn-htp"), ("iphone-15-pro", "coreml")],
)
def test_the_unit_of_a_device(device: str | None, unit: str) -> None:
    assert for_device(device).unit == unit


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
    assert "depthwise" in rules.refusal(convolution(1, 16), None)


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
        changed(0, dynamic_limits=["taste"]),
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


def resize(mode: str, *size: int) -> Site:
    return Site(op="Resize", attributes={"mode": mode}, inputs=((1, 8, 4, 4),), outputs=((1, 8, *size),))


def reduced(*axes: int) -> Site:
    return Site(op="ReduceMean", inputs=((1, 8, 4, 4),), values={1: axes})


def convolution(per_group: int, group: int = 1, kernel: int = 3) -> Site:
    weight = (16, per_group, kernel, kernel)
    return Site(op="Conv", inputs=((1, 16, 8, 8), weight), attributes={"group": group}, constants=frozenset({1}))


def scaled(op: str, *scales: float, output: float = 1.0, **attributes: object) -> Site:
    return Site(op=op, scales=dict(enumerate(scales)), output_scale=output, attributes=attributes)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("constant_weights", convolution(16), Site(op="Conv", constants=frozenset({0}))),
        ("two_spatial_axes", convolution(16), Site(op="Conv", inputs=((1, 2, 3, 4, 5),))),
        ("ungrouped", convolution(16), convolution(8, 2)),
        ("no_middle_groups", convolution(1, 16), convolution(8, 2)),
        ("dense", convolution(1), convolution(1, 16)),
        ("over_16_channels", convolution(17), convolution(16)),
        ("long_products", convolution(16), convolution(16, kernel=1)),
        ("not_cubic", resize("linear", 8, 8), resize("cubic", 8, 8)),
        ("nearest", Site(op="Resize"), resize("linear", 8, 8)),
        ("doubled", resize("linear", 8, 8), resize("linear", 8, 12)),
        ("zero_padding", Site(op="Pad"), Site(op="Pad", attributes={"mode": b"reflect"})),
        ("zero_padding", Site(op="Pad", values={1: (0, 0, 1, 1, 0, 0, 1, 1)}), Site(op="Pad", values={2: (1.0,)})),
        ("zero_padding", Site(op="Pad"), Site(op="Pad", values={1: (0, 1, 0, 0, 0, 0, 0, 0)})),
        ("two_activations", Site(op="Add"), Site(op="Add", constants=frozenset({1}))),
        ("spatial_axes", reduced(-1, -2), reduced(1)),
        ("sum_ratio", scaled("Add", 1.0, 255.0), scaled("Add", 1.0, 2.0**-11)),
        ("product_ratio", scaled("Mul", 16.0, 15.0), scaled("Mul", 16.0, 16.0)),
        ("weighted_ratio", scaled("Conv", 16.0, 15.0), scaled("Conv", 16.0, 16.0)),
        ("leaky_ratio", scaled("LeakyRelu", 1.0, alpha=0.1), scaled("LeakyRelu", 1.0, alpha=0.001)),
        ("leaky_ratio", Site(op="LeakyRelu", attributes={"alpha": 0.001}), scaled("LeakyRelu", 200.0, alpha=0.1)),
    ],
)
def test_limits(name: str, good: Site, bad: Site) -> None:
    assert LIMITS[name](good) == ""
    assert LIMITS[name](bad) != ""


def test_sizes_that_are_not_known_are_no_reason() -> None:
    open_site = Site(op="Conv", inputs=(None, None), constants=frozenset({1}))
    assert load().refusal(open_site) == ""
    assert LIMITS["doubled"](Site(op="Resize", inputs=((1, 8, None, 4),), outputs=((1, 8, None, 8),))) == ""


def test_the_unit_of_a_device_of_ones_own_or_for_one_run() -> None:
    assert (unit_of(None), unit_of("ethos-u"), unit_of("imx-93")) == ("litert-xnnpack", "ethos-u", "ethos-u")
    assert unit_of("imx-93", overrides=['int8_units=["litert-reference"]']) == "litert-reference"
    with pytest.raises(PortproofError, match="--set is given, and no device"):
        unit_of(None, overrides=["npu.sram_mib=2"])
