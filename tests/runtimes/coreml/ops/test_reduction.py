import numpy as np
import pytest
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(0)


def test_all_axes_by_default_and_none_where_none_is_named() -> None:
    x = RNG.uniform(1, 2, (2, 2, 2)).astype(np.float32)
    assert run("reduce_sum", "float32[]", x=x) == pytest.approx(x.sum(), rel=1e-6)
    assert run("reduce_max", "float32[1,1,1]", x=x, keep_dims=True).flatten() == [x.max()]
    none = np.zeros(0, np.int32)
    np.testing.assert_allclose(run("reduce_sum_square", "float32[2,2,2]", x=x, axes=none), x**2, rtol=1e-6)
    assert np.array_equal(run("reduce_mean", "float32[2,2,2]", x=x, axes=none, keep_dims=True), x)


def test_whole_numbers_stay_whole() -> None:
    x = np.array([[2**24, 1, 2], [-3, -4, -4]], np.int32)
    assert run("reduce_sum", "int32", x=x, axes=[1]).tolist() == [2**24 + 3, -11]
    assert run("reduce_mean", "int32", x=x, axes=[1]).tolist() == [(2**24 + 3) // 3, -3]
    assert run("reduce_prod", "int32", x=x[1:], axes=[-1, 0]).tolist() == -48
    assert run("reduce_l2_norm", "int32", x=np.array([3, 4], np.int32)).tolist() == 5
    assert run("reduce_log_sum_exp", "int32", x=np.array([5, 1], np.int32)).tolist() == 5


def test_float16_sums_are_accumulated_in_float32() -> None:
    x = np.full(5000, 1.0, np.float16)
    assert run("reduce_sum", "float16", x=x).tolist() == 5000.0
    assert run("reduce_mean", "float16", x=np.full(100, 60000.0, np.float16)).tolist() == 60000.0
    assert run("reduce_sum_square", "float16", x=np.full(2, 300.0, np.float16)).tolist() == np.inf


def test_places() -> None:
    x = np.array([[1, 5, 3], [7, 2, 7]], np.float32)
    assert run("reduce_argmax", "int32[2]", x=x)[0] == 1
    assert run("reduce_argmin", "int32[1,3]", x=x, axis=0, keep_dims=True).tolist() == [[0, 1, 0]]
    assert run("reduce_argmax", "uint16[2]", x=x, output_dtype="uint16", opset="CoreML7")[0] == 1
    with pytest.raises(PortproofError, match="does not know output_dtype"):
        run("reduce_argmax", "uint16", x=x, output_dtype="uint16", opset="CoreML6")
    with pytest.raises(PortproofError, match="gives int32 or uint16, not 'int8'"):
        run("reduce_argmax", "int8", x=x, output_dtype="int8", opset="CoreML7")
    with pytest.raises(PortproofError, match="does not fit into uint16"):
        run("reduce_argmin", "uint16", x=np.zeros(65537, np.float32), output_dtype="uint16", opset="CoreML7")


def test_an_axis_that_is_not_there() -> None:
    for op in ("reduce_sum", "reduce_prod", "reduce_max"):
        with pytest.raises(PortproofError, match="axis 2 is none of a tensor of rank 2"):
            run(op, "float32", x=np.zeros((2, 2), np.float32), axes=[2])
