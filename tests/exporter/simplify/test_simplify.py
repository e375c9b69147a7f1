import sys
import textwrap

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_io, provenance
from portproof.exporter.passes.graph import shape_of
from portproof.exporter.random_inputs import for_model
from portproof.exporter.simplify import onnxsim_run, pipeline, run, simplify

HEAD = '<ir_version: 10, opset_import: ["" : 23]>\n'
RNG = np.random.default_rng(0)


LOAD = "import onnx; m = onnx.load(source); "


def model(text: str, **weights: np.ndarray) -> ir.Model:
    proto = onnx.parser.parse_model(HEAD + text)
    proto.graph.initializer.extend(onnx.numpy_helper.from_array(a, name) for name, a in weights.items())
    onnx.checker.check_model(proto)
    return ir.from_proto(proto)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def network() -> ir.Model:
    """Conv, BatchNorm, ReLU, BatchNorm, and what exporters leave behind; inputs that nothing reads."""
    text = """g (float[1,3,8,8] x, float[5] unused) => (float[1,8] flat, float[1,8,6,6] map) {
        [conv] a = Conv(x, w)
        [bn] b = BatchNormalization(a, gamma, beta, mean, var)
        [id] i = Identity(b)
        [relu] r = Relu(i)
        [bn2] map = BatchNormalization(r, gamma, beta, mean, var)
        [pool] p = GlobalAveragePool(map)
        [shape] s = Shape<start = 0, end = 2>(p)
        [flatten] flat = Reshape(p, s)
    }"""
    weights = {
        "w": normal(8, 3, 3, 3),
        "gamma": normal(8),
        "beta": normal(8),
        "mean": normal(8),
        "var": 1 + normal(8) ** 2,
    }
    made = model(text, **weights)
    for k, node in enumerate(made.graph):
        node.metadata_props[provenance.WHERE] = f"net.py:{k} in forward"
    return made


def test_fewer_nodes_the_same_numbers():
    given = network()
    before = onnx_io.to_bytes(given)
    simplified, report = simplify(given)
    assert [node.op_type for node in simplified.graph] == ["Conv", "Relu", "Mul", "Add", "GlobalAveragePool", "Reshape"]
    assert report.before == {
        "BatchNormalization": 2, "Conv": 1, "GlobalAveragePool": 1, "Identity": 1, "Relu": 1, "Reshape": 1, "Shape": 1,
    }  # fmt: skip
    assert (report.nodes_before, report.nodes_after) == (8, 6)
    assert set(report.max_abs_error) == {"flat", "map"}
    assert max(report.max_abs_error.values()) < 1e-4
    assert report.messages == ()
    assert onnx_io.to_bytes(given) == before


def test_the_signature_stays():
    simplified, _ = simplify(network())
    assert [v.name for v in simplified.graph.inputs] == ["x", "unused"]
    assert [v.name for v in simplified.graph.outputs] == ["flat", "map"]
    assert simplified.graph.opset_imports == {"": 23}
    assert not any(key.startswith("onnxsim") for key in simplified.metadata_props)


def test_every_node_knows_where_it_comes_from():
    simplified, _ = simplify(network())
    where = {node.op_type: provenance.where(node) for node in simplified.graph}
    assert where["Conv"] == "net.py:0 in forward"
    assert where["Mul"] == where["Add"] == "net.py:4 in forward"
    assert where["Reshape"] == "net.py:7 in forward"


def test_every_shape_is_known():
    simplified, _ = simplify(network())
    assert all(shape_of(v) is not None for node in simplified.graph for v in node.outputs)


def test_simplifying_again_changes_nothing():
    once, _ = simplify(network())
    twice, report = simplify(once)
    assert report.before == report.after
    assert report.max_abs_error == {"flat": 0.0, "map": 0.0}
    assert onnx_io.to_bytes(once) == onnx_io.to_bytes(twice)


def test_whole_nodes_stay_whole():
    text = """g (float[1,4,8] x) => (float[1,2,4,4] y) {
        n = LayerNormalization(x, s, b)\n m = RMSNormalization(n, s)\n k = Gelu(m)
        q = Reshape(k, shape)\n y = Attention(q, q, q) }"""
    simplified, _ = simplify(model(text, s=normal(8), b=normal(8), shape=np.array([1, 2, 4, 4])))
    assert [n.op_type for n in simplified.graph] == [
        "LayerNormalization", "RMSNormalization", "Gelu", "Reshape", "Attention",
    ]  # fmt: skip


def test_quantisation_pairs_stay():
    text = """g (float[1,3,8,8] x) => (float[1,8,6,6] y) {
        qx = QuantizeLinear(x, s, z)\n dx = DequantizeLinear(qx, s, z)
        dw = DequantizeLinear(w, s, z)\n y = Conv(dx, dw) }"""
    weights = {
        "w": RNG.integers(-9, 9, (8, 3, 3, 3)).astype(np.int8),
        "s": np.array(0.1, "f4"),
        "z": np.array(0, np.int8),
    }
    simplified, _ = simplify(model(text, **weights))
    assert [n.op_type for n in simplified.graph].count("DequantizeLinear") == 2
    assert simplified.graph.initializers["w"].dtype == ir.DataType.INT8


def test_outputs_that_are_one_value_or_an_input_or_a_constant():
    text = """g (float[2] x) => (float[2] a, float[2] b, float[2] c, float[2] d) {
        a = Relu(x)\n b = Identity(a)\n c = Identity(x)\n d = Neg(w) }"""
    simplified, _ = simplify(model(text, w=np.ones(2, "f4")))
    assert [v.name for v in simplified.graph.outputs] == ["a", "b", "c", "d"]


def test_functions_are_inlined():
    text = (
        HEAD.replace('"" : 23', '"" : 23, "mine" : 1')
        + """g (float[2] x) => (float[2] y) { y = mine.twice(x) }
        <domain: "mine", opset_import: ["" : 23]> twice (a) => (b) { c = Relu(a)\n b = Add(c, c) }"""
    )
    simplified, report = simplify(ir.from_proto(onnx.parser.parse_model(text)))
    assert report.after == {"Add": 1, "Relu": 1}
    assert simplified.graph.opset_imports == {"": 23}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import os; os.abort()", "SIGABRT"),
        ("raise RuntimeError('no such thing')", "no such thing"),
        ("import time; time.sleep(60)", "more than"),
        ("open(target, 'wb').write(b'garbage')", "cannot be read"),
        (LOAD + "m.graph.output[0].name = 'a'; onnx.save(m, target)", "changed the outputs"),
        (LOAD + "m.graph.input.pop(); onnx.save(m, target)", "changed the inputs"),
        (LOAD + "m.opset_import[0].version = 21; onnx.save(m, target)", "operator sets"),
        ("x = bytearray(1 << 36)", "MemoryError"),
    ],
)  # fmt: skip
def test_whatever_onnxsim_does_the_model_survives(tmp_path, monkeypatch, body, said):
    (tmp_path / "fake_onnxsim.py").write_text(f"def main(source, target):\n{textwrap.indent(body, '    ')}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    real = onnxsim_run.run_isolated
    monkeypatch.setattr(onnxsim_run, "run_isolated", lambda _, *args, **kw: real("fake_onnxsim:main", *args, **kw))
    simplified, report = simplify(network(), timeout_s=5)
    (message,) = report.messages
    assert message.code == "W-SIMPLIFY-SKIPPED"
    assert said in message.why
    # Portproof's own passes have done their part.
    assert report.nodes_after < report.nodes_before
    assert all(provenance.known(node) for node in simplified.graph)


def test_a_wrong_rewrite_is_found(monkeypatch):
    def wrong(given: ir.Model) -> ir.Model:
        weight = next(v for v in given.graph.initializers.values() if v.shape is not None and v.shape.rank() == 4)
        weight.const_value = ir.tensor(weight.const_value.numpy() * 1.01)
        return given

    monkeypatch.setattr(run, "run_passes", wrong)
    with pytest.raises(PortproofError) as caught:
        simplify(network())
    assert {m.code for m in caught.value.messages} == {"E-SIMPLIFY-DIFFERS"}
    assert {m.details["output"] for m in caught.value.messages} == {"flat", "map"}


def test_the_report_is_json():
    import json

    _, report = simplify(network())
    data = json.loads(json.dumps(report.as_dict()))
    assert data["nodes_after"] == 6
    assert data["samples"] == 3


def test_the_example_steers_the_inputs():
    text = "g (int64[4] ids) => (float[4,3] y) { y = Gather(table, ids) }"
    given = model(text, table=normal(1000, 3))
    _, report = simplify(given, example={"ids": np.array([0, 999, 3, 4])})
    assert report.max_abs_error == {"y": 0.0}
    assert for_model(given, 0)["ids"].max() <= 1


def test_the_passes_settle():
    given = network()
    pipeline.run_passes(given)
    assert not any(step(given).modified for step in pipeline.repeated_passes())


def test_a_model_older_than_onnx_runtime_is_proven_by_onnx_evaluator():
    text = '<ir_version: 6, opset_import: ["" : 6]> g (float[2,3] x, float[3] s) => (float[2,3] y) { y = PRelu(x, s) }'
    _, report = simplify(ir.from_proto(onnx.parser.parse_model(text)), samples=2)
    assert report.samples == 2
    assert report.max_abs_error == {"y": 0}
    assert report.messages == ()


def test_inputs_that_the_source_refuses_prove_nothing():
    given = model("g (int32[8] x, int32[8] z) => (int32[8] y) { y = Mod(x, z) }")
    _, report = simplify(
        given, example={"x": np.arange(8, dtype="i4"), "z": np.arange(8, dtype="i4")}, samples=4, seed=3
    )
    assert 0 < report.samples < 4


def test_a_model_that_nothing_runs_is_left_as_it_is_with_a_warning():
    text = (
        HEAD.replace("]>", ', "acme" : 1]>') + "g (float[2] x) => (float[2] y) { a = Identity(x)\n y = acme.Magic(a) }"
    )
    simplified, report = simplify(ir.from_proto(onnx.parser.parse_model(text)))
    assert [node.op_type for node in simplified.graph] == ["Identity", "Magic"]
    assert "W-SIMPLIFY-UNPROVEN" in [message.code for message in report.messages]
    assert (report.samples, report.max_abs_error) == (0, {})


def test_random_numbers_cannot_be_compared():
    given = model("g (float[8] x) => (float[8] y) { z = RandomNormalLike(x)\n y = Add(x, z) }")
    _, report = simplify(given)
    assert [message.code for message in report.messages] == ["W-SIMPLIFY-UNPROVEN"]
