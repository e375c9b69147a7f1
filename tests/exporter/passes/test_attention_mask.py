import numpy as np
import pytest

from portproof.exporter.passes.attention_mask import ExpandAttentionMask

TEXT = """g (float[2,3,4,4] q, float[2,3,5,4] k, float[2,3,5,4] v) => (float[2,3,4,4] y)
    { y = Attention(q, k, v%s) }"""


@pytest.mark.parametrize("shape", [(5,), (1, 5), (3, 1, 5), (2, 1, 1, 5)])
def test_one_row_for_all_queries(shape):
    import onnx
    import onnx_ir as ir

    from portproof.exporter.onnx_run import OnnxFunction
    from portproof.exporter.passes.shapes import InferShapes
    from portproof.exporter.random_inputs import for_model

    mask = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    outputs = []
    for array in (mask, np.broadcast_to(mask, (2, 3, 4, 5))):
        proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["" : 23]>\n' + TEXT % ", m")
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, "m"))
        model = ir.from_proto(proto)
        InferShapes()(model)
        assert ExpandAttentionMask()(model).modified == (array is mask)
        assert not ExpandAttentionMask()(model).modified
        with OnnxFunction(model) as function:
            outputs.append(function.run(for_model(model, seed=0))["y"])
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-6)


def test_a_mask_with_rows_and_no_mask_stay(run):
    assert not run(ExpandAttentionMask(), TEXT % ", m", m=np.ones((4, 5), np.float32)).modified
    assert not run(ExpandAttentionMask(), TEXT % "").modified


@pytest.mark.parametrize("shape", [(5,), (2, 1, 1, 5)])
def test_a_number_of_queries_that_is_known_only_when_running(shape):
    import onnx
    import onnx_ir as ir

    from portproof.exporter.onnx_run import OnnxFunction

    mask = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    text = TEXT.replace("[2,3,4,4]", "[2,3,T,4]") % ", m"
    proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["" : 23]>\n' + text)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(mask, "m"))
    model = ir.from_proto(proto)
    assert ExpandAttentionMask()(model).modified
    assert not ExpandAttentionMask()(model).modified
    chance = np.random.default_rng(1)
    for rows in (1, 4, 7):
        fed = {name: chance.standard_normal((2, 3, n, 4)).astype("f4") for name, n in (("q", rows), ("k", 5), ("v", 5))}
        with OnnxFunction(model) as function:
            got = function.run(fed)["y"]
        scores = fed["q"] @ fed["k"].swapaxes(-1, -2) / 2 + mask
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        np.testing.assert_allclose(got, weights / weights.sum(-1, keepdims=True) @ fed["v"], atol=1e-5)
