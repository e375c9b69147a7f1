import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of
from tests.exporter.tflite.ops.samples import SMALL, normal, refusal, whole


def pad(x: np.ndarray, widths: list[int], *, value: float | None = None, axes: list[int] | None = None, **attributes):
    constants = {"pads": np.array(widths, np.int64)}
    if value is not None:
        constants["value"] = np.array(value, x.dtype)
    if axes is not None:
        constants["axes"] = np.array(axes, np.int64)
    order = ["x", "pads", "value" if value is not None else "", "axes" if axes is not None else ""]
    while not order[-1]:
        order.pop()
    return node_model("Pad", {"x": x}, constants=constants, order=order, **attributes)


MODES = ["constant", "reflect", "edge", "wrap"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("widths", [[0, 0, 1, 2, 0, 0, 1, 0], [0, 0, 1, 1, 0, 0, 1, 1], [0, 0, 3, 0, 0, 0, 3, 2]])
def test_images(mode: str, widths: list[int]) -> None:
    x = normal(1, 2, 4, 4)
    check(pad(x, widths, mode=mode), {"x": x}, rtol=0, atol=0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("widths", [[0, -1, 1, 0, 2, -1], [-1, 0, 0, 0, 0, -2], [-1, -1, -1, 1, 1, 1]])
def test_negative_pads_cut(mode: str, widths: list[int]) -> None:
    x = normal(4, 4, 4)
    check(pad(x, widths, mode=mode), {"x": x}, rtol=0, atol=0)


@pytest.mark.parametrize("value", [0.0, -1.5, np.inf])
def test_value(value: float) -> None:
    x = normal(2, 3)
    check(pad(x, [1, 0, 0, 2], value=value), {"x": x}, rtol=0, atol=0)
    check(node_model("Pad", {"x": x}, pads=[1, 0, 0, 2], value=value, opset=10), {"x": x}, rtol=0, atol=0)


def test_value_computed_at_run_time() -> None:
    inputs = {"x": normal(2, 3), "value": np.array(7, np.float32)}
    model = node_model("Pad", inputs, constants={"pads": np.array([0, 1, 1, 0])}, order=["x", "pads", "value"])
    check(model, inputs, rtol=0, atol=0)


def test_axes() -> None:
    x = normal(3, 3, 3)
    check(pad(x, [1, 2, 0, 1], axes=[-1, 0]), {"x": x}, rtol=0, atol=0)
    check(pad(x, [1, 1], axes=[1], mode="edge", opset=19), {"x": x}, rtol=0, atol=0)


@pytest.mark.parametrize("opset", [7, 10])
@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
def test_attributes(opset: int, mode: str) -> None:
    x = normal(3, 4)
    check(node_model("Pad", {"x": x}, pads=[1, 2, 1, 0], mode=mode, opset=opset), {"x": x}, rtol=0, atol=0)


@pytest.mark.parametrize("opset", [11, 13, 18, 19, 21, 23])
def test_inputs(opset: int) -> None:
    x = normal(3, 4)
    check(pad(x, [1, 2, 1, 0], value=2.0, opset=opset), {"x": x}, rtol=0, atol=0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "bool", "float16", "int16", "uint16", "uint32"])
def test_types(dtype: str, mode: str) -> None:
    x = whole(3, 4, dtype=dtype)
    # The reference evaluator reads the modes as ONNX Runtime does and has every type.
    check(pad(x, [1, 2, 1, 0], mode=mode), {"x": x}, oracle="reference")
    if mode == "constant":
        check(pad(x, [1, 2, 1, 0], value=1), {"x": x}, oracle="reference")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rank", [1, 5, 6])
def test_ranks(rank: int, mode: str) -> None:
    x = normal(*(2, 3, 2, 2, 3, 2)[:rank])
    widths = [0, 1, 1, 0, 1, 1][:rank] + [1, 1, 0, 0, 2, 1][:rank]
    check(pad(x, widths, mode=mode, value=2.0), {"x": x}, rtol=0, atol=0)


def test_kernels_that_do_it_at_once() -> None:
    x = normal(1, 2, 4, 4)
    ones, twos = [0, 0, 1, 1] * 2, [0, 0, 2, 2] * 2
    assert ops_of(pad(x, twos)) == {"PAD": 1}
    assert ops_of(pad(x, twos, value=1.0)) == {"PADV2": 1}
    assert ops_of(pad(x, twos, mode="reflect")) == {"MIRROR_PAD": 1}
    assert ops_of(pad(x, ones, mode="edge")) == {"MIRROR_PAD": 1}
    assert ops_of(pad(x, twos, mode="edge")) == {"GATHER": 2}


@SMALL
@given(st.data())
def test_any_pads(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    mode = data.draw(st.sampled_from(MODES))
    widths = [data.draw(st.integers(0, n - 1 if mode == "reflect" else 4)) for n in shape * 2]
    x = normal(*shape)
    check(pad(x, widths, mode=mode), {"x": x}, rtol=0, atol=0)


def test_pads_computed_at_run_time_are_refused_without_a_declared_shape() -> None:
    model = node_model("Pad", {"x": normal(2, 2), "pads": np.zeros(4, np.int64)})
    assert "pads, computed at run time" in refusal(model)


def test_unknown_type_is_refused_by_name() -> None:
    assert "float64" in refusal(pad(np.zeros((2, 2)), [1, 1, 1, 1]))
