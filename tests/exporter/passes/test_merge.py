import numpy as np

from portproof.exporter.passes.merge import MergeReshapes, MergeTransposes


def test_reshapes_of_reshapes_become_one(run):
    text = "g (float[2,3,4] x) => (float[1,24] y) { a = Flatten(x)\n b = Reshape(a, s)\n y = Unsqueeze(b, axis) }"
    outcome = run(MergeReshapes(), text, s=np.array([24]), axis=np.array([0]))
    assert outcome.ops == ["Reshape"]
    assert outcome.only.inputs[0].name == "x"
    assert outcome.max_error == 0


def test_a_reshape_whose_input_is_read_elsewhere_too(run):
    text = "g (float[2,3] x) => (float[6] y, float[6] z) { a = Reshape(x, s)\n y = Relu(a)\n b = Unsqueeze(a, axis)\n c = Squeeze(b)\n z = Neg(c) }"  # noqa: E501
    outcome = run(MergeReshapes(), text, s=np.array([6]), axis=np.array([0]))
    assert outcome.max_error == 0
    assert outcome.ops.count("Reshape") == 2


def test_reshapes_of_nothing(run):
    text = "g (float[0,3] x) => (float[3,0] y) { a = Reshape(x, s)\n y = Reshape<allowzero = 1>(a, t) }"
    outcome = run(MergeReshapes(), text, s=np.array([0]), t=np.array([3, 0]))
    assert outcome.ops == ["Reshape"]
    assert outcome.only.attributes["allowzero"].value == 1


def test_a_reshape_of_unknown_size_stays(run):
    text = "g (float[2,3] x, int64[2] s) => (float[a,b] y) { f = Flatten(x)\n y = Reshape(f, s) }"
    import onnx
    import onnx_ir as ir

    model = ir.from_proto(onnx.parser.parse_model('<ir_version: 10, opset_import: ["" : 23]>\n' + text))
    assert not MergeReshapes()(model).modified


def test_transposes_multiply(run):
    text = "g (float[2,3,4] x) => (float[4,2,3] y) { a = Transpose<perm = [1, 0, 2]>(x)\n y = Transpose<perm = [2, 1, 0]>(a) }"  # noqa: E501
    outcome = run(MergeTransposes(), text)
    assert outcome.only.attributes["perm"].value == (2, 0, 1) or list(outcome.only.attributes["perm"].value) == [
        2,
        0,
        1,
    ]
    assert outcome.max_error == 0


def test_a_chain_of_three_transposes_becomes_one(run):
    step = "Transpose<perm = [1, 2, 0]>"
    text = f"g (float[2,3,4] x) => (float[2,3,4] y) {{ a = {step}(x)\n b = {step}(a)\n y = {step}(b) }}"
    outcome = run(MergeTransposes(), text)
    assert list(outcome.only.attributes["perm"].value) == [0, 1, 2]
    assert outcome.max_error == 0
