import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from nets import conv_net, images, save, with_weights

from portproof.calibration import quantize, recipes
from portproof.calibration.observe import ranges
from portproof.calibration.recipes import Recipe
from portproof.calibration.steps import Context, Proposal
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes import open as open_model
from portproof.runtimes.images import Preprocessing


class Biased:
    """A step that hurts: it proposes biases that are off by a constant."""

    name = "biased"

    def __init__(self, off: dict[str, float]) -> None:
        self.off = off

    def propose(self, context: Context) -> Iterator[Proposal]:
        for name, old in context.plan.weights.items():
            if name in self.off:
                bias = context.bias(name) + np.float32(self.off[name])
                yield Proposal(layer=name, weights=dataclasses.replace(old, bias=bias), note="off")


def recipe(*steps: object) -> Recipe:
    return dataclasses.replace(recipes.find("fast"), weight_steps=lambda: steps)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save(conv_net(), tmp_path)


def test_a_file_is_written_run_and_reported(path: Path, tmp_path: Path) -> None:
    found = quantize(path, tmp_path / "q.onnx", images(10))
    report = found.report
    assert (report.recipe, report.unit, report.samples, report.held_back) == ("default", "litert-xnnpack", 10, 2)
    assert (report.layers, report.integer_nodes) == (3, 7)
    assert report.float_nodes == ()
    assert report.accuracy.sqnr_db > 25
    assert [message.code for message in report.messages] == ["W-CALIB-FEW"]
    sample = images(1, seed=7)[0]
    with open_model(path, isolated=False) as model, open_model(found.path, isolated=False) as quantized:
        wanted, got = model.run(sample)["y"], quantized.run(sample)["y"]
    assert 0 < np.abs(wanted - got).max() < 0.1 * np.abs(wanted).max()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["net.onnx", "q.onnx"]
    assert set(report.as_dict()["steps"][0]) >= {"name", "gain_db", "kept", "reverted", "verdicts", "seconds"}


def test_the_same_data_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    data = images(10)
    first = quantize(path, tmp_path / "a.onnx", data).path.read_bytes()
    assert quantize(path, tmp_path / "b.onnx", (sample for sample in data), jobs=1).path.read_bytes() == first


def test_a_step_that_hurts_is_reverted_layer_by_layer_and_both_are_reported(path: Path, tmp_path: Path) -> None:
    plain = quantize(path, tmp_path / "q.onnx", images(10), recipe=recipe())
    first, second, _ = plain.plan.layers
    step = Biased({first: 0.5, second: 0.5})
    found = quantize(path, tmp_path / "p.onnx", images(10), recipe=recipe(step))
    (report,) = found.report.steps
    assert [(verdict.layer, verdict.kept, verdict.note) for verdict in report.verdicts] == [
        (first, False, "off"),
        (second, False, "off"),
    ]
    assert all(verdict.after_db < verdict.before_db for verdict in report.verdicts)
    assert (report.kept, report.gain_db) == (0, 0.0)
    assert (tmp_path / "p.onnx").read_bytes() == (tmp_path / "q.onnx").read_bytes()


class Mended(Biased):
    """Proposes the weights rounded anew from the float ones, after they were spoiled by the step before."""

    name = "mended"

    def propose(self, context: Context) -> Iterator[Proposal]:
        for name, old in context.plan.weights.items():
            weight, shape = context.weight(name), [1] * old.integers.ndim
            shape[old.axis] = -1
            integers = np.clip(np.rint(weight / old.scale.reshape(shape)), -127, 127).astype(np.int8)
            yield Proposal(layer=name, weights=dataclasses.replace(old, integers=integers))


def test_a_step_that_helps_is_kept(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from portproof.calibration import build

    plain = build.rounded

    def spoiled(weight: np.ndarray, scale: np.ndarray, *rest: object) -> object:  # type: ignore[type-arg]
        return plain(np.asarray(weight + scale.max() * 3, np.float32), scale, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(build, "rounded", spoiled)
    found = quantize(path, tmp_path / "q.onnx", images(10), recipe=recipe(Mended({})))
    (report,) = found.report.steps
    assert report.kept == 3
    assert report.gain_db > 3
    assert found.report.accuracy.mean_db == pytest.approx(report.after.mean_db, abs=1.0)


def test_a_table_is_reused_and_survives_an_interruption(path: Path, tmp_path: Path) -> None:
    data, table = images(6), tmp_path / "t.npz"

    class Interrupted(list):  # type: ignore[type-arg]
        passes = 0

        def __iter__(self) -> Iterator[object]:
            self.passes += 1
            for index, sample in enumerate(list.__iter__(self)):
                if self.passes == 3 and index == 4:  # the first pass is the check
                    raise KeyboardInterrupt
                yield sample

    given: Iterable[object] = Interrupted(data)
    with pytest.raises(KeyboardInterrupt):
        quantize(path, tmp_path / "q.onnx", given, table=table)  # type: ignore[arg-type]
    assert not (tmp_path / "q.onnx").exists()
    resumed = quantize(path, tmp_path / "q.onnx", data, table=table)
    quantize(path, tmp_path / "w.onnx", data)
    assert resumed.table is not None
    assert resumed.table.count == 6
    assert (tmp_path / "q.onnx").read_bytes() == (tmp_path / "w.onnx").read_bytes()


def test_batch_norm_is_folded_first(tmp_path: Path) -> None:
    text = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,3,8,8] x) => (float[1,4,8,8] y) { a = Conv(x, w) b = BatchNormalization(a, g, s, m, v) y = Relu(b) }
"""
    arrays = {"w": np.ones((4, 3, 1, 1)), "g": np.ones(4), "s": np.ones(4), "m": np.zeros(4), "v": np.full(4, 4.0)}
    found = quantize(save(with_weights(ir.from_onnx_text(text), arrays), tmp_path), tmp_path / "q.onnx", images(6))
    assert [node.op_type for node in ir.load(found.path).graph if "Linear" not in node.op_type] == ["Conv", "Relu"]
    assert found.report.accuracy.sqnr_db > 30


@pytest.mark.parametrize("name", ["dynamic", "weight-only"])
def test_recipes_without_ranges(name: str, path: Path, tmp_path: Path) -> None:
    found = quantize(path, tmp_path / "q.onnx", images(6), recipe=name)
    assert found.table is None
    assert found.report.accuracy.sqnr_db > 30


def test_weights_of_dynamic_layers_are_judged_without_the_noise_of_their_inputs(tmp_path: Path) -> None:
    text = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,24,32] x) => (float[1,24,8] y) { a = MatMul(x, w1) r = Relu(a) y = MatMul(r, w2) }
"""
    chance = np.random.default_rng(0)
    mixing = chance.normal(size=(4, 32))  # inputs of few directions: what second moments are made for
    weights = {"w1": chance.normal(size=(32, 48)), "w2": chance.normal(size=(48, 8))}
    rows = [chance.normal(size=(1, 24, 4)) @ mixing for _ in range(15)]
    for each in rows:
        each[:, 0] *= 300  # one row sets the only scale that ONNX has for an input quantized when running
    model = save(with_weights(ir.from_onnx_text(text), weights), tmp_path)
    data = [{"x": each.astype(np.float32)} for each in rows]
    found = quantize(model, tmp_path / "q.onnx", data, recipe="dynamic")
    (rounding,) = (step for step in found.report.steps if step.name == "second-order rounding")
    assert len(found.plan.dynamic) == rounding.kept == 2
    assert rounding.gain_db > 2
    assert rounding.before.mean_db > found.report.ranges.mean_db + 3  # weights alone against inputs too
    written = [node.op_type for node in ir.load(found.path).graph]
    assert written.count("DynamicQuantizeLinear") == 2


@pytest.mark.parametrize("name", ["dynamic", "weight-only"])
def test_scale_is_moved_out_of_activations_that_are_quantized_when_running(name: str, tmp_path: Path) -> None:
    text = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,12,32] x) => (float[1,12,16] y) { n = LayerNormalization(x, scale, bias) y = MatMul(n, w) }
"""
    chance = np.random.default_rng(0)
    arrays = {"scale": np.ones(32), "bias": chance.normal(size=32) / 9, "w": chance.normal(size=(32, 16))}
    arrays["scale"][3], arrays["w"][3] = 60.0, arrays["w"][3] / 60  # an outlier channel sets the step of all others
    model = save(with_weights(ir.from_onnx_text(text), arrays), tmp_path)
    data = [{"x": chance.normal(size=(1, 12, 32)).astype(np.float32)} for _ in range(10)]
    found = quantize(model, tmp_path / "q.onnx", data, recipe=name)
    moved = [step for step in found.report.steps if step.name == "scale migration"]
    assert len(moved) == (name == "dynamic")
    for step in moved:
        assert step.kept == 1
        assert step.gain_db > 10
        assert found.report.accuracy.sqnr_db > 30


def test_a_runtime_that_computes_less_exactly_than_the_file_says_is_told(path: Path, tmp_path: Path) -> None:
    text = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[1,64,64] x) => (float[1,64,32] y) { y = MatMul(x, w) }
"""
    chance = np.random.default_rng(0)
    model = save(with_weights(ir.from_onnx_text(text), {"w": chance.normal(size=(64, 32))}), tmp_path, "product.onnx")
    data = [{"x": chance.normal(size=(1, 64, 64)).astype(np.float32)} for _ in range(40)]
    data = [{"x": np.where(np.arange(64) % 32, each["x"], each["x"] * 40)} for each in data]  # outliers in each block
    (message,) = quantize(model, tmp_path / "q.onnx", data, recipe="weight-only").report.messages
    assert message.code == "W-CALIB-KERNELS"
    assert "session.qdq_matmulnbits_accuracy_level" in message.hint
    found = quantize(path, tmp_path / "q.onnx", images(40), recipe="weight-only")
    assert found.report.messages == ()


def test_units_and_devices(path: Path, tmp_path: Path) -> None:
    found = quantize(path, tmp_path / "q.onnx", images(6), device="coreml")
    assert found.report.unit == "coreml"
    assert {encoding.zero_point for encoding in found.plan.activations.values()} == {0}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"recipe": "fats"}, "E-CALIB-RECIPE"),
        ({"device": "no-such-device"}, "E-DEVICE-UNKNOWN"),
        ({"declared": (Preprocessing(size=(8, 8), resize=8, scale=1 / 255),)}, "E-CALIB-RANGE"),
    ],
)
def test_wrong_options_are_refused_and_nothing_is_written(
    change: dict[str, object], code: str, path: Path, tmp_path: Path
) -> None:
    with pytest.raises(PortproofError) as raised:
        quantize(path, tmp_path / "q.onnx", images(4), **change)  # type: ignore[arg-type]
    assert raised.value.code == code
    assert not (tmp_path / "q.onnx").exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{ q = QuantizeLinear(x, s) y = DequantizeLinear(q, s) }", "E-CALIB-QUANTIZED"),
        ("{ y = Erf(x) }", "E-CALIB-NOTHING"),
        ("{ l = Log(x) y = Conv(l, w) }", "E-CALIB-NAN"),
    ],
)
def test_models_that_cannot_be_quantized_are_refused(body: str, code: str, tmp_path: Path) -> None:
    text = f'<ir_version: 10, opset_import: ["" : 18]>\nnet (float[1,3,8,8] x) => (float[1,3,8,8] y) {body}'
    model = with_weights(ir.from_onnx_text(text), {"s": np.float32(1.0), "w": np.ones((3, 3, 1, 1))})
    with pytest.raises(PortproofError) as raised:
        quantize(save(model, tmp_path), tmp_path / "q.onnx", images(4))
    assert raised.value.code == code


def test_an_old_operator_set_is_converted(tmp_path: Path) -> None:
    text = """
<ir_version: 7, opset_import: ["" : 11]>
net (float[1,3,8,8] x) => (float[1,4] y) { a = Conv(x, w) b = Relu(a) y = ReduceSum<axes = [2, 3], keepdims = 0>(b) }
"""
    model = with_weights(ir.from_onnx_text(text), {"w": np.random.default_rng(0).normal(size=(4, 3, 3, 3))})
    found = quantize(save(model, tmp_path), tmp_path / "q.onnx", images(8), recipe="fast")
    assert found.report.accuracy.sqnr_db > 30
    assert ir.load(found.path).opset_imports[""] == 13


def test_operator_sets_that_onnx_cannot_convert_and_files_that_are_no_models_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onnx import version_converter

    def fails(*_: object) -> None:
        raise RuntimeError("no adapter")

    monkeypatch.setattr(version_converter, "convert_version", fails)
    with pytest.raises(PortproofError) as raised:
        quantize(save(conv_net(opset=12), tmp_path), tmp_path / "q.onnx", images(4))
    assert raised.value.code == "E-MODEL-UNSUPPORTED"
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(PortproofError) as raised:
        quantize(tmp_path / "text.onnx", tmp_path / "q.onnx", images(4))
    assert raised.value.code == "E-MODEL-FORMAT"


def test_dead_values_and_poor_outputs_are_told(tmp_path: Path) -> None:
    text = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,3,8,8] x) => (float[1,3,8,8] y) { a = Conv(x, w) b = Relu(a) y = Conv(b, v) }
"""
    arrays = {"w": np.zeros((3, 3, 1, 1)), "v": np.ones((3, 3, 1, 1))}
    found = quantize(save(with_weights(ir.from_onnx_text(text), arrays), tmp_path), tmp_path / "q.onnx", images(4))
    assert "W-CALIB-CONSTANT" in [message.code for message in found.report.messages]


@pytest.mark.parametrize("opset", [13, 17, 21, 23])
def test_operator_sets_and_transposed_convolutions(opset: int, tmp_path: Path) -> None:
    text = f"""
<ir_version: 10, opset_import: ["" : {opset}]>
net (float[1,4,8,8] x) => (float[1,3,8,8] y)
{{ a = ConvTranspose<group = 2, pads = [1,1,1,1]>(x, w, b) r = Relu(a) y = Conv(r, v) }}
"""
    chance = np.random.default_rng(0)
    shapes = {"w": (4, 3, 3, 3), "b": (6,), "v": (3, 6, 1, 1)}
    arrays = {name: chance.normal(size=shape) for name, shape in shapes.items()}
    model = save(with_weights(ir.from_onnx_text(text), arrays), tmp_path)
    found = quantize(model, tmp_path / "q.onnx", images(6, (1, 4, 8, 8)), recipe="fast", device="qnn-htp")
    assert found.report.layers == 2
    assert found.report.accuracy.sqnr_db > 30


def test_products_with_a_bias_behind_them(tmp_path: Path) -> None:
    text = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,3,8,8] x) => (float[1,3,8,6] y) { p = MatMul(x, w) q = Add(p, b) r = Relu(q) y = MatMul(r, v) }
"""
    chance = np.random.default_rng(0)
    arrays = {name: chance.normal(size=shape) for name, shape in {"w": (8, 16), "b": (16,), "v": (16, 6)}.items()}
    found = quantize(save(with_weights(ir.from_onnx_text(text), arrays), tmp_path), tmp_path / "q.onnx", images(10))
    written = ir.load(found.path)
    add = next(node for node in written.graph if node.op_type == "Add")
    maker = next(value.producer() for value in add.inputs if value.name.startswith("MatMul_0_b"))  # type: ignore[union-attr]
    assert maker.inputs[0].dtype == ir.DataType.INT32  # type: ignore[union-attr]
    assert {layer.output for layer in found.plan.layers.values()} == {"q", "y"}
    assert found.report.accuracy.sqnr_db > 30


def test_boxes_joined_with_scores_stay_float_and_are_named_with_a_fix(tmp_path: Path) -> None:
    text = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,8,8,8] x) => (float[1,6,8,8] y)
{ b = Conv(x, w) s = Conv(x, v) p = Sigmoid(s) y = Concat<axis = 1>(b, p) }
"""
    chance = np.random.default_rng(0)
    arrays = {"w": chance.normal(size=(4, 8, 1, 1)) * 100, "v": chance.normal(size=(2, 8, 1, 1))}
    model = save(with_weights(ir.from_onnx_text(text), arrays), tmp_path)
    found = quantize(model, tmp_path / "q.onnx", images(40, (1, 8, 8, 8)), recipe="fast")
    (message,) = [message for message in found.report.messages if message.code == "W-CALIB-SHARED-RANGE"]
    assert "Concat" in message.what
    assert "outputs of their own" in message.hint
    assert "Concat" in {node.op_type for node in found.report.float_nodes}
    with open_model(model, isolated=False) as plain, open_model(found.path, isolated=False) as quantized:
        sample = images(1, (1, 8, 8, 8), seed=9)[0]
        wanted, got = (each.run(sample)["y"][:, 4:] for each in (plain, quantized))
    assert np.abs(wanted - got).max() < 0.05, "with the boxes' scale they would be all 0 or a step of 4"


def test_values_that_saturate_are_told(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = {**ranges.ESTIMATORS, "narrow": lambda *_: (-0.5, 0.5)}
    monkeypatch.setattr(ranges, "ESTIMATORS", narrow)
    chosen = dataclasses.replace(recipe(), estimator="narrow")
    found = quantize(path, tmp_path / "q.onnx", images(40), recipe=chosen)
    told = {message.where: message for message in found.report.messages if message.code == "W-CALIB-SATURATED"}
    assert "x" in told
    assert "stored are -0.498 to 0.502" in told["x"].why
