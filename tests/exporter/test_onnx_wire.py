"""Cutting large weights out of a file: what is left parses, and what was cut reads back bit by bit."""

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from portproof.exporter import onnx_wire

RNG = np.random.default_rng(0)
LARGE = RNG.standard_normal((64, 32)).astype(np.float32)


def write(path: Path, *tensors: TensorProto, attribute: TensorProto | None = None) -> Path:
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    if attribute is not None:
        nodes.append(helper.make_node("Constant", [], ["c"], value=attribute))
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def restored(path: Path) -> onnx.ModelProto:
    """The model put together again of what `read` gives."""
    content, weights = onnx_wire.read(path)
    model = onnx.load_model_from_string(content)
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            tensor.raw_data = weights[tensor.name].read(path, tensor.name).tobytes()
    return model


@pytest.mark.parametrize("dtype", ["f4", "f2", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"])
def test_large_weights_are_cut_and_read_back(dtype: str, tmp_path: Path) -> None:
    array = (LARGE * 100).astype(dtype).repeat(4, axis=0)
    small = numpy_helper.from_array(np.arange(5), "small")
    path = write(tmp_path / "m.onnx", small, numpy_helper.from_array(array, "large"))
    content, weights = onnx_wire.read(path)
    assert list(weights) == ["large"]
    assert len(content) < 500
    np.testing.assert_array_equal(weights["large"].read(path, "large").numpy(), array)
    assert restored(path) == onnx.load(path)


def test_long_lengths_and_several_weights(tmp_path: Path) -> None:
    arrays = {f"w{k}": RNG.standard_normal((k + 1, 3000)).astype(np.float32) for k in range(7)}
    path = write(tmp_path / "m.onnx", *(numpy_helper.from_array(array, name) for name, array in arrays.items()))
    assert onnx_wire.read(path)[1].keys() == arrays.keys()
    assert restored(path) == onnx.load(path)


def tensor(**changes: object) -> TensorProto:
    made = numpy_helper.from_array(LARGE, "large")
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def with_floats() -> TensorProto:
    return helper.make_tensor("large", TensorProto.FLOAT, LARGE.shape, LARGE.reshape(-1))


def with_external_data() -> TensorProto:
    made = tensor()
    made.external_data.add(key="location", value="elsewhere")
    return made


def with_negative_size() -> TensorProto:
    made = tensor()
    made.dims[0] = -64
    return made


@pytest.mark.parametrize(
    "odd",
    [
        tensor(raw_data=LARGE.tobytes()[:-4]),
        tensor(data_type=TensorProto.BFLOAT16),
        tensor(data_type=99),
        tensor(name=""),
        with_floats(),
        with_external_data(),
        with_negative_size(),
    ],
    ids=["too short", "bfloat16", "unknown type", "no name", "not raw", "external", "negative size"],
)
def test_what_is_not_plain_stays_in_the_bytes(odd: TensorProto, tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", odd)
    assert onnx_wire.read(path) == (path.read_bytes(), {})


def test_the_second_of_a_name_stays_for_the_rules_to_find(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", tensor(), tensor())
    content, weights = onnx_wire.read(path)
    assert len(weights) == 1
    assert len(onnx.load_model_from_string(content).graph.initializer) == 2


def test_attributes_are_not_touched(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", attribute=tensor())
    assert onnx_wire.read(path) == (path.read_bytes(), {})


@pytest.mark.parametrize("cut", [1, 30, 4000, -1])
def test_damaged_files_come_back_as_they_are(cut: int, tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", tensor())
    path.write_bytes(path.read_bytes()[:cut])
    assert onnx_wire.read(path) == (path.read_bytes(), {})


def test_attached_weights_are_shared_where_they_are_equal(tmp_path: Path) -> None:
    other = LARGE.copy()
    other[3, 4] = np.nan
    path = write(
        tmp_path / "m.onnx",
        *(numpy_helper.from_array(array, name) for name, array in [("a", LARGE), ("b", other), ("c", LARGE)]),
    )
    content, weights = onnx_wire.read(path)
    model = ir.from_proto(onnx.load_model_from_string(content))
    known = {"a": ir.Tensor(LARGE.copy()), "b": ir.Tensor(other.copy()), "c": ir.Tensor(LARGE + 1), "d": None}
    onnx_wire.attach(model, path, weights, known)
    found = {name: value.const_value for name, value in model.graph.initializers.items()}
    assert found["a"] is known["a"]
    assert found["b"] is known["b"]
    np.testing.assert_array_equal(found["c"].numpy(), LARGE)


def test_another_shape_or_type_is_not_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", numpy_helper.from_array(LARGE, "a"))
    content, weights = onnx_wire.read(path)
    for other in (LARGE.reshape(32, 64), LARGE.view(np.int32)):
        model = ir.from_proto(onnx.load_model_from_string(content))
        onnx_wire.attach(model, path, weights, {"a": ir.Tensor(other)})
        assert model.graph.initializers["a"].const_value.numpy().dtype == np.float32
        assert tuple(model.graph.initializers["a"].const_value.shape) == LARGE.shape


def test_the_file_may_change_afterwards(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", tensor())
    weight = onnx_wire.read(path)[1]["large"].read(path, "large")
    path.write_bytes(b"")
    np.testing.assert_array_equal(weight.numpy(), LARGE)
