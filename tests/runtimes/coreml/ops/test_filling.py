import numpy as np
import pytest
from tests.runtimes.coreml.mil import Const, run

from portproof.device_profiles.errors import PortproofError


@pytest.mark.parametrize(("value", "dtype"), [(2.5, "float32"), (True, "bool"), (-3, "int32"), (None, "float32")])
def test_fill(value: object, dtype: str) -> None:
    got = run("fill", f"{dtype}[2,3]", shape=[2, 3], value=value)
    np.testing.assert_array_equal(got, np.full((2, 3), value or 0, dtype))


def test_fill_like_has_the_type_of_the_value() -> None:
    got = run(
        "fill_like", "float16[2]", opset="CoreML6", ref_tensor=np.zeros(2, np.int32), value=Const(np.float16(0.1))
    )
    assert got.tolist() == [np.float16(0.1)] * 2
    assert run("fill_like", "float32[1]", opset="CoreML6", ref_tensor=np.zeros(1, np.int32)).tolist() == [0.0]


@pytest.mark.parametrize("shape", [[-1, 2], [2**20, 2**20]])
def test_sizes_that_cannot_be_meant(shape: list[int]) -> None:
    with pytest.raises(PortproofError) as caught:
        run("fill", "float32", shape=np.array(shape, np.int32))
    assert caught.value.messages[0].code == "E-RUN"


def test_shape() -> None:
    assert run("shape", "int32[3]", x=np.zeros((4, 0, 2), np.float16)).tolist() == [4, 0, 2]
    assert run("shape", "int32[0]", x=np.float32(1).reshape(())).tolist() == []


@pytest.mark.parametrize(("start", "end", "step"), [(0, 5, 1), (5, 0, -2), (3, 3, 1), (4, 1, 1), (-2, 9, 3)])
@pytest.mark.parametrize("dtype", ["int32", "float32", "float16"])
def test_range_1d(dtype: str, start: int, end: int, step: int) -> None:
    start_, end_, step_ = (np.array(number, dtype) for number in (start, end, step))
    got = run("range_1d", dtype, start=start_, end=end_, step=step_)
    np.testing.assert_array_equal(got, np.arange(start, end, step))


def test_a_range_of_fractions() -> None:
    got = run("range_1d", "float32[4]", start=0.5, end=1.5, step=np.array(0.25, np.float32))
    assert got.tolist() == [0.5, 0.75, 1.0, 1.25]
    got = run("range_1d", "float16[3]", start=0.0, end=np.array(0.25, np.float16), step=Const(np.float16(0.1)))
    assert got.tolist() == [0.0, float(np.float16(0.1)), float(np.float16(0.2))]


@pytest.mark.parametrize(("end", "step"), [(5.0, 0.0), (np.inf, 1.0), (1e20, 1.0)])
def test_ranges_without_end(end: float, step: float) -> None:
    with pytest.raises(PortproofError):
        run("range_1d", "float32", start=0.0, end=np.array(end, np.float32), step=step)


@pytest.mark.parametrize("axis", [-1, 0, 1, -3])
def test_one_hot(axis: int) -> None:
    indices = np.array([[0, 2], [1, 0]], np.int32)
    got = run("one_hot", "int32", indices=indices, one_hot_vector_size=3, axis=axis)
    wanted = np.moveaxis(np.eye(3, dtype=np.int32)[indices], -1, axis)
    np.testing.assert_array_equal(got, wanted)


def test_one_hot_is_off_for_what_is_no_class() -> None:
    got = run(
        "one_hot",
        "float32[3,2]",
        indices=np.array([1, 2, -1], np.int32),
        one_hot_vector_size=2,
        on_value=5.0,
        off_value=-1.0,
    )
    assert got.tolist() == [[-1, 5], [-1, -1], [-1, -1]]


@pytest.mark.parametrize("parameters", [{"axis": 2}, {"axis": -3}, {"one_hot_vector_size": -1}])
def test_one_hot_refuses(parameters: dict[str, int]) -> None:
    with pytest.raises(PortproofError):
        run("one_hot", "int32", **{"indices": np.zeros(2, np.int32), "one_hot_vector_size": 3, **parameters})


@pytest.mark.parametrize(("lower", "upper"), [(-1, -1), (0, -1), (-1, 0), (0, 0), (1, 2), (9, 0)])
@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_band_part(dtype: str, lower: int, upper: int) -> None:
    x = np.ones((2, 3, 4), dtype)
    wanted = x.copy()
    for row in range(3):
        for column in range(4):
            if not ((lower < 0 or row - column <= lower) and (upper < 0 or column - row <= upper)):
                wanted[:, row, column] = 0
    np.testing.assert_array_equal(run("band_part", dtype, x=x, lower=lower, upper=upper), wanted)


def test_band_part_drops_infinities_whole() -> None:
    got = run("band_part", "float32[2,2]", x=np.full((2, 2), -np.inf, np.float32), lower=0, upper=0)
    assert got.tolist() == [[-np.inf, 0], [0, -np.inf]]
    with pytest.raises(PortproofError):
        run("band_part", "float32", x=np.zeros(3, np.float32))
