from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import Const, literal, named, program

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.program import Operation

RNG = np.random.default_rng(0)


def _weight(kind: str, declared: str, opset: str = "CoreML6", **attributes: Any) -> np.ndarray:
    """As these are written up to iOS 17: with attributes instead of inputs."""
    given = {name: literal(value) for name, value in {"name": "w", **attributes}.items()}
    made = Operation(type=kind, inputs={}, outputs=named(f"w:{declared}"), attributes=given)
    found: np.ndarray = Executable(program("x:float32[1]", [made], "w", opset=opset)).run({"x": None})["w"].numpy()
    return found


def _packed(numbers: np.ndarray, bits: int) -> Const:
    total = sum(int(number) << (place * bits) for place, number in enumerate(numbers.reshape(-1)))
    return Const(np.frombuffer(total.to_bytes(-(-numbers.size * bits // 8), "little"), np.uint8))


def _sizes(*shape: int) -> Const:
    return Const(np.array(shape, np.uint32))


@pytest.mark.parametrize("opset", ["CoreML6", "CoreML7", "CoreML8"])
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("zero_point", ["scalar", "vector", "float"])
def test_affine_dequantize(opset: str, dtype: str, zero_point: str) -> None:
    data = RNG.integers(0, 100, (2, 3, 4)).astype(dtype)
    zero = {"scalar": np.array(3, dtype), "vector": np.array([1, 90, 7], dtype), "float": np.array(2.5, np.float32)}[
        zero_point
    ]
    scale = np.array([0.5, 0.1, 2], np.float32)
    got = _weight(
        "constexpr_affine_dequantize",
        "float32[2,3,4]",
        opset,
        quantized_data=Const(data),
        zero_point=Const(zero),
        scale=Const(scale),
        axis=-2,
    )
    wanted = scale[:, None] * (data.astype(np.float32) - zero.reshape(-1, 1).astype(np.float32))
    np.testing.assert_array_equal(got, wanted)


def test_the_scale_s_type_is_the_weight_s() -> None:
    got = _weight(
        "constexpr_affine_dequantize",
        "float16[2]",
        quantized_data=Const(np.array([1, 255], np.uint8)),
        zero_point=Const(np.uint8(0)),
        scale=Const(np.float16(0.1)),
        axis=0,
    )
    assert got.tolist() == [float(np.float16(0.1)), float(np.float16(np.float32(np.float16(0.1)) * 255))]


@pytest.mark.parametrize(("axis", "scale"), [(0, [1.0, 2.0, 3.0]), (3, [1.0, 1.0])])
def test_scales_that_do_not_fit(axis: int, scale: list[float]) -> None:
    with pytest.raises(PortproofError):
        _weight(
            "constexpr_affine_dequantize",
            "float32[2,3]",
            quantized_data=Const(np.zeros((2, 3), np.int8)),
            zero_point=Const(np.int8(0)),
            scale=scale,
            axis=axis,
        )


def test_cast() -> None:
    half = np.array([0.1, 3], np.float16)
    got = _weight("constexpr_cast", "float32[2]", source_val=Const(half), output_dtype="fp32")
    np.testing.assert_array_equal(got, half.astype(np.float32))
    with pytest.raises(PortproofError):
        _weight("constexpr_cast", "float32[2]", source_val=Const(half), output_dtype="int32")


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8])
@pytest.mark.parametrize("shape", [(5,), (3, 7), (2, 2, 2)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "uint8"])
def test_lut_to_dense(dtype: str, shape: tuple[int, ...], bits: int) -> None:
    palette, places = RNG.permutation(2**bits).astype(dtype), RNG.integers(0, 2**bits, shape)
    declared = f"{dtype}{list(shape)}".replace(" ", "")
    got = _weight(
        "constexpr_lut_to_dense", declared, indices=_packed(places, bits), lut=Const(palette), shape=_sizes(*shape)
    )
    np.testing.assert_array_equal(got, palette[places])


def test_bits_are_packed_from_the_least_significant_one() -> None:
    # indices 0, 3, 2, 1 | 3 of two bits each
    indices = Const(np.array([0b01_10_11_00, 0b11], np.uint8))
    got = _weight(
        "constexpr_lut_to_dense",
        "int8[5]",
        indices=indices,
        lut=Const(np.array([10, 11, 12, 13], np.int8)),
        shape=_sizes(5),
    )
    assert got.tolist() == [10, 13, 12, 11, 13]
    got = _weight(
        "constexpr_sparse_to_dense",
        "int8[5]",
        nonzero_data=Const(np.array([7, 9], np.int8)),
        mask=Const(np.array([0b01100], np.uint8)),
        shape=_sizes(5),
    )
    assert got.tolist() == [0, 0, 7, 9, 0]


@pytest.mark.parametrize(
    ("indices", "palette", "shape"),
    [([0], 2, (9,)), ([0, 0, 0], 2, (9,)), ([0b10], 2, (1,)), ([0], 3, (2,)), ([0], 2, (2**20, 2**20))],
)
def test_palettes_that_do_not_fit(indices: list[int], palette: int, shape: tuple[int, ...]) -> None:
    with pytest.raises(PortproofError):
        _weight(
            "constexpr_lut_to_dense",
            "int8",
            indices=Const(np.array(indices, np.uint8)),
            lut=Const(np.zeros(palette, np.int8)),
            shape=_sizes(*shape),
        )


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "uint8"])
@pytest.mark.parametrize("shape", [(5,), (3, 7), (4, 4)])
def test_sparse_to_dense(dtype: str, shape: tuple[int, ...]) -> None:
    dense = (RNG.integers(0, 2, shape) * RNG.integers(1, 100, shape)).astype(dtype)
    got = _weight(
        "constexpr_sparse_to_dense",
        f"{dtype}{list(shape)}".replace(" ", ""),
        nonzero_data=Const(dense[dense != 0]),
        mask=_packed(dense != 0, 1),
        shape=_sizes(*shape),
    )
    np.testing.assert_array_equal(got, dense)


@pytest.mark.parametrize("count", [1, 3])
def test_as_many_values_as_bits(count: int) -> None:
    with pytest.raises(PortproofError) as caught:
        _weight(
            "constexpr_sparse_to_dense",
            "int8[4]",
            nonzero_data=Const(np.ones(count, np.int8)),
            mask=Const(np.array([0b0101], np.uint8)),
            shape=_sizes(4),
        )
    assert "2 elements are kept" in caught.value.messages[0].why


def test_there_are_none_in_ios_15() -> None:
    with pytest.raises(PortproofError) as caught:
        _weight(
            "constexpr_cast", "float32[1]", "CoreML5", source_val=Const(np.ones(1, np.float16)), output_dtype="fp32"
        )
    assert caught.value.messages[0].code == "E-OP-UNSUPPORTED"
