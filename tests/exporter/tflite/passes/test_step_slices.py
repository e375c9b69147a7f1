import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model
from portproof.exporter.tflite.make.window import for_any_size

TEXT = """<ir_version: 9, opset_import: ["" : 18]> g (%s x) => (float[a,b,c,d] y)
{s = Slice(x, from, to, axes, steps) y = Exp(s)}"""


def ops(shape: tuple[int, ...], cuts: list[tuple[int, int]], dtype: str = "float") -> dict[str, int]:
    """What becomes of x[start::step] on every axis."""
    model = model_of(
        TEXT % f"{dtype}[{','.join(map(str, shape))}]",
        **{"from": np.array([start for start, _ in cuts]), "to": np.array(shape)},
        axes=np.arange(len(shape)),
        steps=np.array([step for _, step in cuts]),
    )
    check(model, {"x": np.random.default_rng(0).standard_normal(shape).astype(np.float32)})
    return convert_model(model, io_layout="keep").op_counts


@pytest.mark.parametrize("shape", [(1, 6, 6, 6), (2, 4, 6, 5), (1, 2, 2, 3)])
@pytest.mark.parametrize("cuts", [[(0, 1), (0, 2), (1, 2), (0, 1)], [(0, 1), (1, 2), (0, 1), (2, 1)]])
def test_quarters_of_an_image(shape: tuple[int, ...], cuts: list[tuple[int, int]]) -> None:
    assert "STRIDED_SLICE" not in ops(shape, cuts)


def test_sizes_that_are_no_multiples_stay() -> None:
    assert ops((1, 5, 4, 3), [(0, 1), (0, 2), (0, 1), (0, 1)])["STRIDED_SLICE"] == 1


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_starts_and_steps(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.integers(1, 6)) for _ in range(4))
    ops(shape, [(data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, 3))) for size in shape])


def test_sizes_that_are_not_known_yet_stay() -> None:
    with for_any_size():
        assert ops((1, 4, 4, 3), [(0, 1), (0, 2), (0, 1), (0, 1)])["STRIDED_SLICE"] == 1
