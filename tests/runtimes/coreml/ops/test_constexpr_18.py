from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import Const, Ref, op, program

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.program import Operation

RNG = np.random.default_rng(0)
KEPT = [[1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 1], [0, 1, 1, 0, 1, 0], [0, 0, 0, 1, 0, 0]]
MASK = Const(np.array(KEPT, np.uint8), "uint1")
NONZERO = Const(np.array([0, 1, 1, 0, 1, 1, 0, 0, 1], np.uint8), "uint1")


def _weights(operations: list[Operation], outputs: str) -> list[np.ndarray]:
    function = program("x:float32[1]", operations, outputs, opset="CoreML8")
    return [value.numpy() for value in Executable(function).run({"x": None}).values()]


def _weight(kind: str, declared: str, **parameters: Any) -> np.ndarray:
    return _weights([op(kind, f"w:{declared}", **parameters)], "w")[0]


@pytest.mark.parametrize(("dtype", "low"), [("int4", -8), ("uint4", 0), ("int8", -128), ("float32", -4)])
@pytest.mark.parametrize("groups", [(1, 1), (4, 1), (1, 6), (2, 3), (4, 6)])
@pytest.mark.parametrize("shifted", [False, True])
def test_blockwise_shift_scale(dtype: str, low: int, groups: tuple[int, int], shifted: bool) -> None:
    stored = dtype.replace("int4", "int8")
    data = RNG.integers(low, low + 16, (4, 6)).astype(stored)
    scale, offset = RNG.random(groups, np.float32), RNG.integers(0, 7, groups).astype(stored)
    blocks = np.ones((4 // groups[0], 6 // groups[1]), np.float32)
    wanted = np.kron(scale, blocks) * (data - (np.kron(offset, blocks) if shifted else 0)).astype(np.float32)
    extra = {"offset": Const(offset, dtype)} if shifted else {}
    got = _weight(
        "constexpr_blockwise_shift_scale", "float32[4,6]", data=Const(data, dtype), scale=Const(scale), **extra
    )
    np.testing.assert_allclose(got, wanted, rtol=1e-6)


@pytest.mark.parametrize(("groups", "offset"), [((3, 1), None), ((4,), None), ((2, 1), (1, 1)), ((0, 1), None)])
def test_blocks_that_do_not_divide(groups: tuple[int, ...], offset: tuple[int, ...] | None) -> None:
    extra = {} if offset is None else {"offset": Const(np.zeros(offset, np.int8))}
    with pytest.raises(PortproofError):
        _weight(
            "constexpr_blockwise_shift_scale",
            "float32[4,6]",
            data=Const(np.zeros((4, 6), np.int8)),
            scale=Const(np.ones(groups, np.float32)),
            **extra,
        )


def test_a_palette_for_each_group() -> None:
    indices = Const(np.array([[2, 3], [3, 0], [1, 0], [3, 0], [2, 1], [0, 3]], np.uint8), "uint2")
    lut = Const(np.array([1, 5, 9, 13, 2, 10, 18, 26], np.float16).reshape(2, 1, 4, 1))
    got = _weight("constexpr_lut_to_dense", "float16[6,2]", indices=indices, lut=lut)
    assert got.tolist() == [[9, 13], [13, 1], [5, 1], [26, 2], [18, 10], [2, 26]]


INDICES = Const(np.array([[[0, 0], [1, 0]], [[1, 1], [0, 0]]], np.uint8), "uint1")
VECTORS = Const(np.array([[1, 2, 3], [4, 5, 6]], np.int8).reshape(1, 1, 1, 2, 3))


def test_vectors_along_an_axis() -> None:
    got = _weight("constexpr_lut_to_dense", "int8[2,6,2]", indices=INDICES, lut=VECTORS, vector_axis=1)
    assert got[0].T.tolist() == [[1, 2, 3, 4, 5, 6], [1, 2, 3, 1, 2, 3]]
    assert got[1].T.tolist() == [[4, 5, 6, 1, 2, 3]] * 2
    got = _weight("constexpr_lut_to_dense", "int8[2,2,6]", indices=INDICES, lut=VECTORS, vector_axis=-1)
    assert got.tolist() == [
        [[1, 2, 3, 1, 2, 3], [4, 5, 6, 1, 2, 3]],
        [[4, 5, 6, 4, 5, 6], [1, 2, 3, 1, 2, 3]],
    ]


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_groups_of_vectors(bits: int, axis: int) -> None:
    indices = RNG.integers(0, 2**bits, (4, 6)).astype(np.uint8)
    lut = RNG.random((2, 3, 2**bits, 2), np.float32)
    wanted = np.zeros((8, 6) if axis == 0 else (4, 12), np.float32)
    for i, j in np.ndindex(4, 6):
        entry = lut[i // 2, j // 2, indices[i, j]]
        wanted[(slice(2 * i, 2 * i + 2), j) if axis == 0 else (i, slice(2 * j, 2 * j + 2))] = entry
    declared = f"float32{list(wanted.shape)}".replace(" ", "")
    kind = "uint8" if bits == 8 else f"uint{bits}"
    got = _weight("constexpr_lut_to_dense", declared, indices=Const(indices, kind), lut=Const(lut), vector_axis=axis)
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize(
    "parameters",
    [
        {"vector_axis": None},
        {"vector_axis": 3},
        {"vector_axis": 0, "lut": Const(np.zeros((1, 1, 2, 3), np.int8))},
        {"vector_axis": 0, "lut": Const(np.zeros((1, 1, 1, 1, 3), np.int8))},
        {"vector_axis": 0, "lut": Const(np.zeros((3, 1, 1, 2, 3), np.int8))},
    ],
)
def test_palettes_that_do_not_fit(parameters: dict[str, Any]) -> None:
    given = {name: value for name, value in {"lut": VECTORS, **parameters}.items() if value is not None}
    with pytest.raises(PortproofError):
        _weight("constexpr_lut_to_dense", "int8", indices=INDICES, **given)


def test_sparse_indices_through_a_palette() -> None:
    lut = Const(np.array([2, 3], np.float16).reshape(1, 1, 2, 1))
    made = op(
        "constexpr_lut_to_sparse", "m:uint1[4,6] v:float16[9]", indices_mask=MASK, indices_nonzero_data=NONZERO, lut=lut
    )
    mask, values = _weights([made], "m v")
    np.testing.assert_array_equal(mask, MASK.value)
    assert values.tolist() == [2, 3, 3, 2, 3, 3, 2, 2, 3]


def test_sparse_vectors_then_dense() -> None:
    lut = Const(np.array([[2, 20], [3, 30]], np.float16).reshape(1, 1, 2, 2))
    sparse = op(
        "constexpr_lut_to_sparse",
        "m:uint1[8,6] v:float16[18]",
        indices_mask=MASK,
        indices_nonzero_data=NONZERO,
        lut=lut,
        vector_axis=0,
    )
    dense = op("constexpr_sparse_to_dense", "w:float16[8,6]", nonzero_data=Ref("v"), mask=Ref("m"))
    mask, weight = _weights([sparse, dense], "m w")
    np.testing.assert_array_equal(mask, MASK.value.repeat(2, 0))
    wanted = np.zeros((4, 6))
    wanted[MASK.value == 1] = [2, 3, 3, 2, 3, 3, 2, 2, 3]
    np.testing.assert_array_equal(weight[::2], wanted)
    np.testing.assert_array_equal(weight[1::2], wanted * 10)


def test_sparse_shift_scale() -> None:
    sparse = op(
        "constexpr_sparse_blockwise_shift_scale",
        "m:uint1[4,4] v:float32[9]",
        data_mask=Const(np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]], np.uint8), "uint1"),
        nonzero_data=Const(np.array([10, 11, 3, 4, 5, 6, 7, 8, 9], np.int8)),
        scale=Const(np.array([[0.1, 0.2, 0.3, 0.4]], np.float32)),
        offset=Const(np.array([[1, 2, 3, 4]], np.int8)),
    )
    dense = op("constexpr_sparse_to_dense", "w:float32[4,4]", nonzero_data=Ref("v"), mask=Ref("m"))
    values, weight = _weights([sparse, dense], "v w")
    np.testing.assert_allclose(values, [0.9, 1.8, 0.2, 0.4, 0.6, 0.9, 1.2, 0.7, 1.4], rtol=1e-6)
    assert weight[0, 2] == 0
    assert weight[3, 1] == values[8]


def test_a_palette_that_is_itself_quantized() -> None:
    scale = op(
        "constexpr_blockwise_shift_scale",
        "lut:float16[1,1,2,1]",
        data=Const(np.array([4, -6], np.int8).reshape(1, 1, 2, 1)),
        scale=Const(np.array(0.5, np.float16).reshape(1, 1, 1, 1)),
    )
    made = op(
        "constexpr_lut_to_dense",
        "w:float16[1,3]",
        indices=Const(np.array([[0, 1, 0]], np.uint8), "uint1"),
        lut=Ref("lut"),
    )
    assert _weights([scale, made], "w")[0].tolist() == [[2, -3, 2]]


def test_as_many_values_as_the_mask_keeps() -> None:
    with pytest.raises(PortproofError):
        _weight("constexpr_sparse_to_dense", "int8[4,6]", nonzero_data=Const(np.ones(8, np.int8)), mask=MASK)


def test_weights_are_constants() -> None:
    made = op(
        "constexpr_sparse_to_dense", "w:float32[1]", nonzero_data=Ref("x"), mask=Const(np.ones(1, np.uint8), "uint1")
    )
    with pytest.raises(PortproofError) as caught:
        _weights([made], "w")
    assert "not constant" in caught.value.messages[0].what
