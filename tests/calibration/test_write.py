import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest
from nets import Samples, conv_net, images, with_weights

from portproof.calibration import run
from portproof.calibration.build import Choice, build
from portproof.calibration.observe.collect import Collector
from portproof.calibration.place.placement import place
from portproof.calibration.plan import Encoding, LayerWeights, Plan
from portproof.calibration.prepare import prepare
from portproof.calibration.recipes import RECIPES
from portproof.calibration.weights_only import weights_plan
from portproof.calibration.write import reads, write
from portproof.device_profiles import integer_kernels

RULES = integer_kernels.load()


def planned(model: ir.Model, data: Samples, apart: dict[str, str] | None = None) -> Plan:
    placement = place(model, RULES, apart=apart)
    collector = Collector(model, placement.sources)
    collector.add(data)
    return build(model, placement, RULES, collector.table.histograms, Choice(estimator="minmax"))


def outputs(model: ir.Model, names: list[str], sample: dict[str, np.ndarray]) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    return next(run.stream(model, names, [sample]))


@pytest.fixture(scope="module")
def model() -> ir.Model:
    return prepare(conv_net())


@pytest.fixture(scope="module")
def plan(model: ir.Model) -> Plan:
    return planned(model, images(8))


def test_the_dialect(model: ir.Model, plan: Plan) -> None:
    written = write(model, plan)
    ops = [node.op_type for node in written.graph]
    assert ops.count("QuantizeLinear") == len(plan.activations) == 6  # x, r, c, s, m, y: none between Conv and Relu
    nodes = {node.name: node for node in written.graph}
    first = next(node for node in written.graph if node.op_type == "Conv")
    weight, bias = (first.inputs[index].producer() for index in (1, 2))
    assert [(node.op_type, node.inputs[0].dtype.name, node.attributes["axis"].value) for node in (weight, bias)] == [
        ("DequantizeLinear", "INT8", 0),
        ("DequantizeLinear", "INT32", 0),
    ]
    read = plan.activations["x"]
    scale = bias.inputs[1].const_value.numpy()
    assert np.array_equal(scale, np.float32(read.scale) * plan.weights[first.name].scale)
    assert nodes["x_quantized"].inputs[2].dtype.name == "INT8"
    assert [value.name for value in written.graph.outputs] == ["y"]
    assert written.graph.outputs[0].producer().op_type == "DequantizeLinear"
    assert all(value.dtype.name != "FLOAT" or value.shape.numpy() != (4, 3, 3, 3) for value in _weights(written))
    assert [node.op_type for node in model.graph].count("QuantizeLinear") == 0  # the float model stays as it is


def _weights(model: ir.Model) -> list[ir.Value]:
    return list(model.graph.initializers.values())


def test_what_is_computed_is_what_the_plan_says(model: ir.Model, plan: Plan) -> None:
    written, sample = write(model, plan), images(1, seed=9)[0]
    found = outputs(written, ["x_dequantized", "a", "r_dequantized", "y"], sample)
    held = plan.activations["x"]
    assert np.array_equal(found["x_dequantized"], held.dequantize(held.quantize(sample["x"])))
    steps = found["r_dequantized"] / np.float32(plan.activations["r"].scale)
    assert np.abs(steps - np.rint(steps)).max() < 1e-3
    assert np.abs(found["r_dequantized"] - np.maximum(found["a"], 0)).max() <= plan.activations["r"].scale
    wanted = outputs(model, ["y"], sample)["y"]
    error = 10 * np.log10((wanted**2).sum() / ((found["y"] - wanted) ** 2).sum())
    assert 25 < error < 60


def test_provenance_is_on_what_is_inserted(plan: Plan) -> None:
    model = prepare(conv_net())
    for node in model.graph:
        node.metadata_props["portproof.module"] = node.name or ""
    bare = [node.name for node in write(model, plan).graph if not node.metadata_props]
    assert bare == ["x_quantized", "x_dequantized"]  # of an input, which no node made


def test_a_float_node_reads_raw_values_and_an_integer_one_through_the_pair() -> None:
    text = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,32,32,32] x) => (float[1,32,32,32] y, float[1,32,32,32] z)
{ a = Gelu(x) b = Conv(a, w) c = Gelu(a) y = Add(b, c) z = Gelu(b) }
"""
    model = prepare(with_weights(ir.from_onnx_text(text), {"w": np.eye(32)[:, :, None, None]}))
    plan = planned(model, images(2, (1, 32, 32, 32)))
    written = write(model, plan)
    readers = {name: [use.node.op_type for use in _value(written, name).uses()] for name in ("a", "b")}
    assert sorted(readers["a"]) == ["Gelu", "QuantizeLinear"]
    assert readers["b"] == ["QuantizeLinear"]
    assert reads(written)["b"] == "b_dequantized"


def _value(model: ir.Model, name: str) -> ir.Value:
    return next(value for node in model.graph for value in node.outputs if value.name == name)


def test_constant_operands_become_integers() -> None:
    text = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,32,32,32] x) => (float[1,32,32,32] y) { a = Conv(x, w) b = Mul(a, k) y = Conv(b, w) }
"""
    arrays = {"w": np.eye(32)[:, :, None, None], "k": np.linspace(-1, 2, 32).reshape(1, 32, 1, 1)}
    model = prepare(with_weights(ir.from_onnx_text(text), arrays))
    data = images(2, (1, 32, 32, 32))
    written = write(model, planned(model, data))
    mul = next(node for node in written.graph if node.op_type == "Mul")
    maker = mul.inputs[1].producer()
    assert (maker.op_type, maker.inputs[0].dtype.name) == ("DequantizeLinear", "INT8")
    wanted, found = (outputs(each, ["y"], data[0])["y"] for each in (model, written))
    assert np.abs(found - wanted).max() < 0.1


@pytest.mark.parametrize("recipe", ["dynamic", "weight-only"])
def test_forms_without_ranges(recipe: str, model: ir.Model) -> None:
    plan = weights_plan(model, RULES, RECIPES[recipe])
    written = write(model, plan)
    ops = [node.op_type for node in written.graph]
    assert ops.count("DynamicQuantizeLinear") == len(plan.dynamic)
    assert ops.count("QuantizeLinear") == 0
    assert len(plan.weights) == {"dynamic": 2, "weight-only": 3}[recipe]
    sample = images(1)[0]
    wanted, found = (outputs(each, ["y"], sample)["y"] for each in (model, written))
    assert 0 < np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()


def test_a_corrected_bias_is_written(model: ir.Model, plan: Plan) -> None:
    name = next(iter(plan.weights))
    old = plan.weights[name]
    moved = LayerWeights(integers=old.integers, scale=old.scale, axis=old.axis, bias=old.bias + 1)  # type: ignore[operator]
    sample = images(1)[0]
    before, after = (
        outputs(write(model, each), ["a"], sample)["a"] for each in (plan, plan.with_weights({name: moved}))
    )
    step = plan.activations["x"].scale * old.scale.max()
    assert np.abs(after - before - 1).max() <= step


def test_a_wrong_scale_shows(model: ir.Model, plan: Plan) -> None:
    sample = images(1)[0]
    wanted = outputs(model, ["y"], sample)["y"]
    wrong = plan.with_activations({"r": Encoding(scale=plan.activations["r"].scale / 3, zero_point=-128)})
    errors = [np.abs(outputs(write(model, each), ["y"], sample)["y"] - wanted).max() for each in (plan, wrong)]
    assert errors[1] > 5 * errors[0]


@pytest.mark.parametrize("opset", [20, 21, 23])
def test_float_movement_behind_a_pair_loads_whatever_the_opset(opset: int) -> None:
    text = """
<ir_version: 10, opset_import: ["" : OPSET]>
net (float[1,3,8,8] x) => (float[4,1,64] y, float[1,64,4] z)
<int64[3] shape = {1, 4, 64}, int64[3] back = {4, 1, 64}>
{ a = Conv(x, w) r = Reshape(a, shape) s = Reshape(r, back) y = Gelu(s) z = Transpose<perm = [0, 2, 1]>(r) }
""".replace("OPSET", str(opset))
    weights = {"w": np.random.default_rng(0).normal(size=(4, 3, 1, 1))}
    model, data = prepare(with_weights(ir.from_onnx_text(text), weights)), images(4)
    apart = {node.name or "": "asked" for node in model.graph if node.op_type in ("Reshape", "Transpose")}
    plan = planned(model, data, apart)
    assert [plan.layers[name].op_type for name in plan.integer] == ["Conv"]
    written = write(model, plan)
    session = onnxruntime.InferenceSession(run.to_bytes(written), providers=["CPUExecutionProvider"])  # as apps do
    wanted = outputs(written, ["a_dequantized", "y", "z"], data[0])
    moved = wanted["a_dequantized"].reshape(1, 4, 64)
    assert np.array_equal(wanted["z"], moved.transpose(0, 2, 1))  # the pairs of movement change no number
    for found, name in zip(session.run(None, data[0]), ("y", "z"), strict=True):
        assert np.abs(found - wanted[name]).max() <= 1.2 * plan.activations["a"].scale
    assert [node.op_type for node in written.graph].count("QuantizeLinear") == (2 if opset < 21 else 5)
