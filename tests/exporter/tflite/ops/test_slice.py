import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import RARE_TYPES, TYPES, check_both, data, few, refused, shapes

BIG = 2**63 - 1


def parameters(**lists: list[int] | None) -> dict[str, np.ndarray]:
    return {name: np.array(numbers, np.int64) for name, numbers in lists.items() if numbers is not None}


@pytest.mark.parametrize(
    ("starts", "ends", "axes", "steps"),
    [
        ([1, 0], [3, 2], None, None),
        ([1], [BIG], [1], None),
        ([-2], [-1], [-1], None),
        ([-100], [100], [0], [1]),
        ([0], [4], [1], [2]),
        ([1], [4], [1], [3]),
        ([-1], [-BIG], [1], [-1]),
        ([3], [0], [1], [-1]),
        ([BIG], [-BIG - 1], [2], [-2]),
        ([3, 0, -1], [-BIG, BIG, -BIG], [0, 1, 2], [-1, 2, -3]),
        ([2], [3], [0], [-1]),
        ([3], [1], [0], None),
        ([1], [2], [0], [-BIG]),
        ([0], [4], [0], [BIG]),
        ([-9], [-9], [0], [-1]),
        ([-9], [-2], [0], [-1]),
        ([9], [-9], [0], [-2]),
    ],
)
@pytest.mark.parametrize("shape", [(4, 4, 4), (4, 5, 6)])
def test_against_onnx_runtime(
    starts: list[int], ends: list[int], axes: list[int] | None, steps: list[int] | None, shape: tuple[int, ...]
) -> None:
    x = data(shape)
    check_both(node_model("Slice", {"x": x}, constants=parameters(s=starts, e=ends, a=axes, t=steps)), {"x": x})


@pytest.mark.parametrize("axes", [None, [0, 2]])
def test_opset_9_has_attributes(axes: list[int] | None) -> None:
    x = data((3, 3, 3))
    check_both(node_model("Slice", {"x": x}, opset=9, starts=[1, -1], ends=[BIG, 10], axes=axes), {"x": x})


@pytest.mark.parametrize("opset", [10, 11, 13])
def test_axes_may_be_left_out_and_int32(opset: int) -> None:
    x = data((4, 4))
    constants = {"s": np.array([0, 1], np.int32), "e": np.array([4, 4], np.int32), "t": np.array([2, 1], np.int32)}
    check_both(
        node_model("Slice", {"x": x}, constants=constants, order=["x", "s", "e", "", "t"], opset=opset), {"x": x}
    )


@pytest.mark.parametrize("dtype", TYPES + RARE_TYPES)
@pytest.mark.parametrize("step", [1, 2, -1, -2])
def test_types(dtype: str, step: int) -> None:
    x = data((2, 5), dtype)
    starts, ends = ([1], [BIG]) if step > 0 else ([BIG], [-BIG])
    oracle = "reference" if dtype in ("uint16", "uint32") else "ort"  # types that ONNX Runtime's Slice lacks
    check_both(
        node_model("Slice", {"x": x}, constants=parameters(s=starts, e=ends, a=[1], t=[step])), {"x": x}, oracle=oracle
    )


def test_the_kernels() -> None:
    x = data((4, 4))
    boxes = node_model("Slice", {"x": x}, constants=parameters(s=[1], e=[3], a=[0]))
    steps = node_model("Slice", {"x": x}, constants=parameters(s=[0], e=[4], a=[0], t=[2]))
    flips = node_model("Slice", {"x": x}, constants=parameters(s=[-1, -1], e=[-9, -9], a=[0, 1], t=[-1, -1]))
    assert [ops_of(model) for model in (boxes, steps, flips)] == [{"SLICE": 1}, {"STRIDED_SLICE": 1}, {"REVERSE_V2": 2}]


def test_constants_are_sliced_at_once() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[2] x) => (float[2] y) { z = Slice (c, s, e, a, t)  y = Add (x, z) }"""
    constants = parameters(s=[3], e=[-BIG], a=[0], t=[-2])
    model = model_of(text, c=data((4,)), **constants)
    check_both(model, {"x": data((2,))})
    assert ops_of(model) == {"ADD": 1}


def test_refusals() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[4,4] x, int64[1] s) => (float[N,4] y) { y = Slice (x, s, e) }"""
    refused(model_of(text, **parameters(e=[2])), "s, computed at run time")
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[4,4] x) => (float[4,1] y) { y = Slice (x, s, e, a) }"""
    refused(model_of(text, **parameters(s=[0, 0], e=[1, 1], a=[1, -1])), "one axis twice")


bounds = st.integers(-6, 6)


@few
@given(
    shape=shapes(1, 5), start=bounds, end=bounds, step=st.sampled_from([1, 2, 3, -1, -2, -3]), choice=st.integers(0, 4)
)
def test_any_bounds(shape: list[int], start: int, end: int, step: int, choice: int) -> None:
    x, axis = data(shape), choice % len(shape)
    constants = parameters(s=[start], e=[end], a=[axis], t=[step])
    check_both(node_model("Slice", {"x": x}, constants=constants), {"x": x})


@few
@given(shape=shapes(2, 6), seed=st.integers(0, 99))
def test_every_axis_at_once(shape: list[int], seed: int) -> None:
    x, rng = data(shape), np.random.default_rng(seed)
    steps = rng.choice([1, 2, -1, -2], len(shape))
    starts = [0 if step > 0 else BIG for step in steps]
    ends = [BIG if step > 0 else -BIG for step in steps]
    constants = parameters(s=starts, e=ends, a=list(range(len(shape))), t=[int(step) for step in steps])
    check_both(node_model("Slice", {"x": x}, constants=constants), {"x": x})
