import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import RARE_TYPES, TYPES, check_both, data, few, shapes


@pytest.mark.parametrize(
    ("condition", "x", "y"),
    [
        ((2, 3), (2, 3), (2, 3)),
        ((2, 1), (3,), ()),
        ((), (2, 2), (2, 2)),
        ((2, 2), (), ()),
        ((1, 1, 3), (2, 1), (4, 1, 1)),
        ((2, 1, 2, 1, 2, 1), (2, 1, 2), (1,)),
    ],
)
def test_where_broadcasts_all_three(condition: tuple, x: tuple, y: tuple) -> None:
    inputs = {"c": data(condition, "bool"), "x": data(x), "y": data(y, seed=1)}
    check_both(node_model("Where", inputs, outputs=("z",)), inputs)


@pytest.mark.parametrize("dtype", TYPES + RARE_TYPES)
def test_types_of_where(dtype: str) -> None:
    inputs = {"c": data((2, 3), "bool"), "x": data((2, 3), dtype), "y": data((3,), dtype, 1)}
    oracle = "reference" if dtype in ("int8", "int16", "uint16", "uint32", "uint64", "bool", "float16") else "ort"
    check_both(node_model("Where", inputs, outputs=("z",), opset=16), inputs, oracle=oracle)


@pytest.mark.parametrize("upper", [0, 1])
@pytest.mark.parametrize("k", [None, 0, 1, -1, 9, -9])
@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 4), (1, 2, 4, 2)])
def test_trilu(upper: int, k: int | None, shape: tuple[int, ...]) -> None:
    x = data(shape)
    constants = None if k is None else {"k": np.array(k, np.int64)}
    check_both(node_model("Trilu", {"x": x}, constants=constants, upper=upper), {"x": x})


def test_trilu_of_infinities_and_constants() -> None:
    x = np.full((3, 3), -np.inf, np.float32)
    check_both(node_model("Trilu", {"x": x}), {"x": x})
    text = """<ir_version: 10, opset_import: ["": 23]> g (float[2,2] x) => (float[2,2] y) {
      m = Trilu <upper=0> (c)  y = Add (x, m) }"""
    model = model_of(text, c=data((2, 2)))
    check_both(model, {"x": data((2, 2))})
    assert ops_of(model) == {"ADD": 1}


@pytest.mark.parametrize("dtype", ["float16", "int64", "bool", "uint8", "float64"])
def test_types_of_trilu(dtype: str) -> None:
    x = data((3, 3), dtype)
    check_both(node_model("Trilu", {"x": x}), {"x": x}, oracle="reference")


@pytest.mark.parametrize(
    ("opset", "axis", "kept"),
    [(9, 0, [1, 0, 1]), (9, None, [0, 1, 0, 0, 1]), (11, 1, [0, 1]), (11, -1, [1, 1]), (11, 0, [0, 1, 1])],
)
def test_compress(opset: int, axis: int | None, kept: list[int]) -> None:
    entries = sum(kept)
    shape = {0: f"{entries},2", 1: f"3,{entries}", -1: f"3,{entries}", None: f"{entries}"}[axis]
    option = "" if axis is None else f"<axis={axis}>"
    text = f"""<ir_version: 10, opset_import: ["": {opset}]> g (float[3,2] x) => (float[{shape}] y) {{
      y = Compress {option} (x, c) }}"""
    check_both(model_of(text, c=np.array(kept, bool)), {"x": data((3, 2))})


@few
@given(shape=shapes(1, 5), ones=st.lists(st.integers(0, 7), min_size=5, max_size=5))
def test_any_broadcast(shape: list[int], ones: list[int]) -> None:
    """Each of the three has size 1 where its bit of `ones` is set."""
    parts = [[1 if bits >> part & 1 else n for n, bits in zip(shape, ones, strict=False)] for part in range(3)]
    inputs = {"c": data(parts[0], "bool"), "x": data(parts[1]), "y": data(parts[2], seed=1)}
    check_both(node_model("Where", inputs, outputs=("z",)), inputs)
