import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import RARE_TYPES, TYPES, check_both, data, few, refused, shapes


def int64(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((3, 1), (2, 3, 4)),
        ((3, 1), (3, 4)),
        ((3, 2), (1,)),
        ((1,), (2, 2)),
        ((), (2, 3)),
        ((2, 1, 2), (1, 2, 1)),
        ((1, 2, 1, 2), (2, 1, 2, 2, 2, 2)),
    ],
)
def test_expand(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    x = data(shape)
    check_both(node_model("Expand", {"x": x}, constants={"s": int64(*wanted)}), {"x": x})


@pytest.mark.parametrize("op", ["Expand", "Tile"])
@pytest.mark.parametrize("dtype", TYPES + RARE_TYPES)
def test_types(op: str, dtype: str) -> None:
    x = data((2, 1), dtype)
    oracle = "ort" if dtype not in ("uint16",) else "reference"
    check_both(node_model(op, {"x": x}, constants={"s": int64(2, 3)}), {"x": x}, oracle=oracle)


@pytest.mark.parametrize(("op", "opset"), [("Expand", 8), ("Expand", 13), ("Tile", 7), ("Tile", 13)])
def test_opsets(op: str, opset: int) -> None:
    x = data((1, 3))
    check_both(node_model(op, {"x": x}, constants={"s": int64(2, 1)}, opset=opset), {"x": x})


@pytest.mark.parametrize("repeats", [(1, 1, 1), (2, 1, 1), (1, 2, 3), (2, 2, 2)])
def test_tile(repeats: tuple[int, ...]) -> None:
    x = data((2, 1, 2))
    model = node_model("Tile", {"x": x}, constants={"r": int64(*repeats)})
    check_both(model, {"x": x})
    assert ("TILE" in ops_of(model)) == (repeats != (1, 1, 1))


def test_a_scalar_is_tiled_to_itself() -> None:
    x = data(())
    check_both(node_model("Tile", {"x": x}, constants={"r": int64()}), {"x": x})


@pytest.mark.parametrize("op", ["Expand", "Tile"])
def test_what_is_computed_follows_from_the_declared_shape(op: str) -> None:
    text = f"""<ir_version: 10, opset_import: ["": 23]> g (float[2,1] x, int64[2] s) => (float[4,3] y) {{
      y = {op} (x, s) }}""".replace("4,3" if op == "Expand" else "", "2,3" if op == "Expand" else "")
    check_both(model_of(text), {"x": data((2, 1)), "s": int64(2, 3)})


@pytest.mark.parametrize("op", ["Expand", "Tile"])
def test_an_unknown_result_is_refused(op: str) -> None:
    refused(node_model(op, {"x": data((2, 1)), "s": int64(2, 3)}), "not known before run time")


def test_repeats_of_an_empty_tensor_cannot_be_told_from_shapes() -> None:
    text = '<ir_version: 10, opset_import: ["": 23]> g (float[0] x, int64[1] r) => (float[0] y) { y = Tile (x, r) }'
    refused(model_of(text), "repeats is computed at run time")


@few
@given(shape=shapes(1, 5), repeats=st.lists(st.integers(1, 3), min_size=5, max_size=5))
def test_any_tile(shape: list[int], repeats: list[int]) -> None:
    x = data(shape)
    check_both(node_model("Tile", {"x": x}, constants={"r": int64(*repeats[: len(shape)])}), {"x": x})


@few
@given(wanted=shapes(1, 6), ones=st.lists(st.booleans(), min_size=6, max_size=6), lost=st.integers(0, 2))
def test_any_expansion(wanted: list[int], ones: list[bool], lost: int) -> None:
    shape = [1 if one else size for size, one in zip(wanted, ones, strict=False)][min(lost, len(wanted)) :]
    x = data(shape)
    check_both(node_model("Expand", {"x": x}, constants={"s": int64(*wanted)}), {"x": x})
