import numpy as np
import pytest
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.tfl import graph_input, model_of

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary
from portproof.exporter.tflite.writer.model import write
from portproof.runtimes.tflite_schema import schema


def small_model():
    b = Builder(23)
    x = graph_input("x", (1, 4))
    weights = np.arange(4, dtype=np.float32)
    first = binary(b, "ADD", x, b.const(weights))
    second = binary(b, "MUL", first, b.const(weights.copy()))
    third = unary(b, "GELU", second, approximate=False)
    return model_of(b, [x], {"first": first, "y": third})


def unpacked(data: memoryview):
    return schema.ModelT.InitFromPackedBuf(bytes(data), 0)


def test_signature_keeps_names_and_order() -> None:
    model = unpacked(write(small_model()))
    signature = model.signatureDefs[0]
    assert signature.signatureKey == b"serving_default"
    assert [item.name for item in signature.inputs] == [b"x"]
    assert [item.name for item in signature.outputs] == [b"first", b"y"]
    names = [tensor.name for tensor in model.subgraphs[0].tensors]
    assert len(names) == len(set(names))


def test_equal_constants_are_stored_once_and_aligned() -> None:
    data = bytes(write(small_model()))
    model = unpacked(data)
    weights = np.arange(4, dtype=np.float32).tobytes()
    assert data.count(weights) == 1
    start = data.index(weights)
    assert start % 16 == 0
    assert sum(buffer.data is not None and bytes(buffer.data) == weights for buffer in model.buffers) == 1


def test_operator_codes_carry_both_forms_of_the_code() -> None:
    codes = {code.builtinCode: code for code in unpacked(write(small_model())).operatorCodes}
    gelu = codes[schema.BuiltinOperator.GELU]
    assert gelu.deprecatedBuiltinCode == 127
    assert codes[schema.BuiltinOperator.MUL].deprecatedBuiltinCode == schema.BuiltinOperator.MUL


def test_the_file_runs() -> None:
    x = np.array([[1.0, -2.0, 3.0, 0.5]], np.float32)
    out = tflite_outputs(write(small_model()), {"x": x})
    np.testing.assert_allclose(out["first"], x + np.arange(4))


def test_two_writes_give_the_same_bytes() -> None:
    assert bytes(write(small_model())) == bytes(write(small_model()))


def test_perms_are_in_the_metadata() -> None:
    model = unpacked(write(small_model(), perms={"inputs": {"x": (1, 0)}, "outputs": {}}))
    (entry,) = model.metadata
    assert entry.name == b"portproof.io"
    assert bytes(model.buffers[entry.buffer].data) == b'{"inputs":{"x":[1,0]},"outputs":{}}'


def test_an_attribute_without_a_field_is_a_defect() -> None:
    b = Builder(23)
    x = graph_input("x", (1, 4))
    y = b.emit("SOFTMAX", [x], shape=(1, 4), dtype=np.float32, temperature=2.0)
    with pytest.raises(KeyError, match="temperature"):
        write(model_of(b, [x], {"y": y}))
