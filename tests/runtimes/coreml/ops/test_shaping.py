import numpy as np
import pytest
from tests.runtimes.coreml.mil import Const, run

from portproof.device_profiles.errors import PortproofError

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
Shape = tuple[int, ...]


def _refused(op: str, why: str = "", /, **parameters: object) -> None:
    with pytest.raises(PortproofError) as caught:
        run(op, "float32", **parameters)
    assert caught.value.messages[0].code == "E-RUN"
    assert why in caught.value.messages[0].why


@pytest.mark.parametrize(
    ("axes", "shape"), [([0], (1, 2, 3, 4)), ([-1], (2, 3, 4, 1)), ([0, 2, -1], (1, 2, 1, 3, 4, 1))]
)
def test_expand_dims_counts_axes_of_the_result(axes: list[int], shape: Shape) -> None:
    np.testing.assert_array_equal(run("expand_dims", "float32", x=X, axes=axes), X.reshape(shape))


def test_expand_dims_of_a_scalar() -> None:
    assert run("expand_dims", "int32[1]", x=np.array(3, np.int32), axes=[0]).tolist() == [3]


@pytest.mark.parametrize("axes", [[4], [-5], [0, 0], [0, -5]])
def test_axes_that_are_not_there_or_there_twice(axes: list[int]) -> None:
    _refused("expand_dims", "do not fit", x=X, axes=np.array(axes, np.int32))


def test_squeeze_leaves_what_is_not_single() -> None:
    x = X.reshape(1, 2, 1, 12)
    assert run("squeeze", "float32[2,12]", x=x).shape == (2, 12)
    assert run("squeeze", "float32[2,1,12]", x=x, axes=[0]).shape == (2, 1, 12)
    assert run("squeeze", "float32[1,2,12]", x=x, axes=[1, -2]).shape == (1, 2, 12)
    assert run("squeeze", "float32[]", x=np.ones((1, 1), np.float32)).shape == ()
    _refused("squeeze", "do not fit", x=x, axes=[4])


@pytest.mark.parametrize(
    ("shape", "axis", "flat"),
    [((3,), -1, (1, 3)), ((3,), 1, (3, 1)), ((4, 3), -1, (4, 3)), ((2, 3, 2), -1, (6, 2)), ((5, 5, 2), 0, (1, 50))],
)
def test_flatten2d(shape: Shape, axis: int, flat: Shape) -> None:
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    np.testing.assert_array_equal(run("flatten2d", "float32", x=x, axis=axis), x.reshape(flat))


def test_flatten2d_refuses_an_axis_that_is_not_there() -> None:
    _refused("flatten2d", "axis 4", x=X, axis=4)


@pytest.mark.parametrize("opset", ["CoreML5", "CoreML6", "CoreML7", "CoreML8"])
@pytest.mark.parametrize(
    ("shape", "wanted"), [([4, 6], (4, 6)), ([-1], (24,)), ([0, -1, 1], (2, 12, 1)), ([0, 0, 0], (2, 3, 4))]
)
def test_reshape(opset: str, shape: list[int], wanted: Shape) -> None:
    got = run("reshape", "float32", opset=opset, x=X, shape=np.array(shape, np.int32))
    np.testing.assert_array_equal(got, X.reshape(wanted))


def test_reshape_takes_sizes_over_from_the_right_since_ios_17() -> None:
    x = np.arange(100, dtype=np.float32).reshape(2, 50)
    got = run("reshape", "float32[1,1,2,50]", opset="CoreML7", x=x, shape=[1, 0, -1, 0])
    np.testing.assert_array_equal(got[0, 0], x)
    assert run("reshape", "float32", opset="CoreML7", x=X, shape=[-1, 0]).shape == (6, 4)
    _refused("reshape", "another rank", x=x, shape=[1, 0, -1, 0])


@pytest.mark.parametrize("shape", [[-1, -1], [5, -1], [7], [-2, 12]])
@pytest.mark.parametrize("opset", ["CoreML5", "CoreML7"])
def test_reshape_to_another_count(opset: str, shape: list[int]) -> None:
    _refused("reshape", x=X, shape=np.array(shape, np.int32), opset=opset)


def test_reshape_like() -> None:
    x = np.arange(180, dtype=np.float32)
    refs = (np.zeros((2, 3, 4), np.int32), np.zeros((1, 5, 6), np.float32))
    got = run(
        "reshape_like",
        "float32[2,3,5,6]",
        opset="CoreML6",
        x=x,
        ref_tensors=refs,
        begins=(0, 1),
        ends=(2, 0),
        end_masks=(False, True),
    )
    np.testing.assert_array_equal(got, x.reshape(2, 3, 5, 6))


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "bool"])
@pytest.mark.parametrize("perm", [[2, 0, 1], [-1, 1, 0], [0, 1, 2]])
def test_transpose(dtype: str, perm: list[int]) -> None:
    x = X.astype(dtype)
    np.testing.assert_array_equal(run("transpose", dtype, x=x, perm=perm), x.transpose(perm))


@pytest.mark.parametrize("perm", [[0, 1], [0, 0, 1], [0, 1, 3]])
def test_transpose_by_what_is_no_permutation(perm: list[int]) -> None:
    _refused("transpose", x=X, perm=perm)


@pytest.mark.parametrize("axes", [None, [0], [-1, 1]])
def test_reverse(axes: list[int] | None) -> None:
    np.testing.assert_array_equal(run("reverse", "float32", x=X, axes=axes), np.flip(X, axes))


@pytest.mark.parametrize(("batch", "seq"), [(0, 1), (1, 0), (1, 2), (2, 0), (-1, -3)])
def test_reverse_sequence(batch: int, seq: int) -> None:
    x = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    lengths = np.arange(x.shape[batch], dtype=np.int32) % (x.shape[seq] + 1)
    wanted = x.copy()
    by_batch, source = np.moveaxis(wanted, (batch, seq), (0, 1)), np.moveaxis(x, (batch, seq), (0, 1))
    for place, length in enumerate(lengths):
        by_batch[place, :length] = source[place, :length][::-1]
    got = run("reverse_sequence", "float32", x=x, lengths=lengths, seq_axis=seq, batch_axis=batch)
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("lengths", [[1, 5], [-1, 1], [1]])
def test_reverse_sequence_by_lengths_that_do_not_fit(lengths: list[int]) -> None:
    _refused("reverse_sequence", "lengths", x=X, lengths=Const(np.array(lengths, np.int32)), seq_axis=1)
