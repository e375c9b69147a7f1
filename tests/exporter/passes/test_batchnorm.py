import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.exporter.passes.batchnorm import FoldBatchNorm, LowerBatchNorm

RNG = np.random.default_rng(0)
BN = "BatchNormalization<epsilon = 0.001>"


def statistics(count: int) -> dict[str, np.ndarray]:
    wide = {
        "gamma": RNG.uniform(0.5, 2, count), "beta": RNG.normal(size=count),
        "mean": RNG.normal(size=count), "variance": RNG.uniform(0.1, 3, count),
    }  # fmt: skip
    return {name: array.astype(np.float32) for name, array in wide.items()}


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


CASES = {
    "Conv": ("g (float[1,4,8,8] x) => (float[1,6,6,6] y)", "Conv(x, w)", (6, 4, 3, 3), 6),
    "Conv with bias": ("g (float[1,4,8,8] x) => (float[1,6,6,6] y)", "Conv(x, w, b)", (6, 4, 3, 3), 6),
    "depthwise": ("g (float[1,6,8] x) => (float[1,6,6] y)", "Conv<group = 6>(x, w)", (6, 1, 3), 6),
    "padded": ("g (float[1,4,8] x) => (float[1,6,8] y)", "Conv<pads = [1, 1]>(x, w, b)", (6, 4, 3), 6),
    "ConvTranspose": ("g (float[1,4,5] x) => (float[1,6,7] y)", "ConvTranspose(x, w, b)", (4, 6, 3), 6),
    "grouped ConvTranspose": ("g (float[1,4,5] x) => (float[1,6,7] y)", "ConvTranspose<group = 2>(x, w)", (4, 3, 3), 6),
    "Gemm": ("g (float[2,5] x) => (float[2,6] y)", "Gemm(x, w, b)", (5, 6), 6),
    "Gemm with transB": ("g (float[2,5] x) => (float[2,6] y)", "Gemm<transB = 1>(x, w)", (6, 5), 6),
}


@pytest.mark.parametrize("case", CASES)
def test_folds_into_what_comes_before(run, case):
    head, node, shape, count = CASES[case]
    weights = {"w": normal(*shape), **statistics(count)} | ({"b": normal(count)} if ", b)" in node else {})
    outcome = run(FoldBatchNorm(), f"{head} {{ a = {node}\n y = {BN}(a, gamma, beta, mean, variance) }}", **weights)
    assert outcome.ops == [node.partition("(")[0].partition("<")[0]]
    assert outcome.max_error < 2e-5


def test_float16_weights_stay_float16(run):
    text = f"g (float16[1,4,8] x) => (float16[1,6,6] y) {{ a = Conv(x, w)\n y = {BN}(a, gamma, beta, mean, variance) }}"
    weights = {name: array.astype(np.float16) for name, array in {"w": normal(6, 4, 3), **statistics(6)}.items()}
    outcome = run(FoldBatchNorm(), text, **weights)
    assert {v.dtype.name for v in outcome.model.graph.initializers.values()} == {"FLOAT16"}
    assert outcome.max_error < 0.05


def test_shared_weights_are_copied_not_changed(run):
    text = f"""g (float[1,4,8] x) => (float[1,6,6] y, float[1,6,6] z)
        {{ a = Conv(x, w)\n y = {BN}(a, gamma, beta, mean, variance)\n z = Conv(x, w) }}"""
    outcome = run(FoldBatchNorm(), text, w=normal(6, 4, 3), **statistics(6))
    assert outcome.ops == ["Conv", "Conv"]
    assert outcome.max_error < 1e-5


def test_a_convolution_that_others_read_is_not_folded(run):
    text = f"""g (float[1,4,8] x) => (float[1,6,6] y, float[1,6,6] z)
        {{ a = Conv(x, w)\n y = {BN}(a, gamma, beta, mean, variance)\n z = Relu(a) }}"""
    assert not run(FoldBatchNorm(), text, w=normal(6, 4, 3), **statistics(6)).modified


def test_a_convolution_that_is_an_output_is_not_folded(run):
    text = f"""g (float[1,4,8] x) => (float[1,6,6] a, float[1,6,6] y)
        {{ a = Conv(x, w)\n y = {BN}(a, gamma, beta, mean, variance) }}"""
    assert not run(FoldBatchNorm(), text, w=normal(6, 4, 3), **statistics(6)).modified


def test_relu_then_batch_norm_is_not_folded_but_lowered(run):
    text = f"""g (float[1,4,8] x) => (float[1,6,6] y)
        {{ a = Conv(x, w)\n r = Relu(a)\n y = {BN}(r, gamma, beta, mean, variance) }}"""
    weights = {"w": normal(6, 4, 3), **statistics(6)}
    assert not run(FoldBatchNorm(), text, **weights).modified
    lowered = run(LowerBatchNorm(), text, **weights)
    assert lowered.ops == ["Conv", "Relu", "Mul", "Add"]
    assert lowered.max_error < 1e-5


def test_weights_that_are_an_input_are_not_folded(run):
    text = f"""g (float[1,4,8] x, float[6,4,3] w) => (float[1,6,6] y)
        {{ a = Conv(x, w)\n y = {BN}(a, gamma, beta, mean, variance) }}"""
    assert not run(FoldBatchNorm(), text, **statistics(6)).modified


def test_batch_norm_that_trains_is_left_alone(run):
    text = "g (float[2,6,8] x) => (float[2,6,8] y, float[6] m, float[6] v) { y, m, v = BatchNormalization<training_mode = 1>(x, gamma, beta, mean, variance) }"  # noqa: E501
    assert not run(LowerBatchNorm(), text, **statistics(6)).modified


def test_opset_6_is_left_alone():
    text = '<ir_version: 6, opset_import: ["" : 6]> g (float[1,2,3] x) => (float[1,2,3] y) { y = BatchNormalization<is_test = 1>(x, g1, b, m, v) }'  # noqa: E501
    proto = onnx.parser.parse_model(text)
    proto.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.ones(2, np.float32), name) for name in ("g1", "b", "m", "v")
    )
    for pass_ in (FoldBatchNorm(), LowerBatchNorm()):
        assert not pass_(ir.from_proto(proto)).modified
