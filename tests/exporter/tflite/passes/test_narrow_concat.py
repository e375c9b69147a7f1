import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)


def ops(sizes: list[int], axis: int, dtype: str = "float") -> dict[str, int]:
    names = [f"x{at}" for at in range(len(sizes))]
    shapes = [[2, 3, 4] for _ in sizes]
    for shape, size in zip(shapes, sizes, strict=True):
        shape[axis] = size
    inputs = ", ".join(f"{dtype}[{','.join(map(str, s))}] {n}" for n, s in zip(names, shapes, strict=True))
    text = '<ir_version: 9, opset_import: ["" : 18]> g (%s) => (%s[a,b,c] y) {y = Concat<axis = %d>(%s)}'
    model = model_of(text % (inputs, dtype, axis, ", ".join(names)))
    numbers = [RNG.integers(-9, 9, shape) for shape in shapes]
    check(model, {n: a.astype({"float": "float32"}.get(dtype, dtype)) for n, a in zip(names, numbers, strict=True)})
    return convert_model(model, io_layout="keep").op_counts


@pytest.mark.parametrize(("count", "steps"), [(2, 1), (5, 1), (6, 2), (9, 2), (10, 3), (13, 3), (14, 4)])
@pytest.mark.parametrize("axis", [0, 2, -1])
def test_never_more_than_five_at_once(count: int, steps: int, axis: int) -> None:
    assert ops([1 + at % 3 for at in range(count)], axis) == {"CONCATENATION": steps}


def test_equal_sizes() -> None:
    assert ops([4] * 7, 2) == {"CONCATENATION": 2}


def test_integers_stay_whole() -> None:
    assert ops([1] * 7, 1, "int32") == {"CONCATENATION": 1}
