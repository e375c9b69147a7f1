"""uint64, for which TFLite has no arithmetic: by int64's kernels."""

import operator
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import broadcastable, few, nodes, refused, verify

ARITHMETIC: dict[str, Callable[..., np.ndarray]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.floor_divide,
    "Mod": np.mod,
    "Max": np.maximum,
    "Min": np.minimum,
    "Sum": np.add,
}
COMPARISONS: dict[str, Callable[..., np.ndarray]] = {
    "Equal": operator.eq,
    "Less": operator.lt,
    "Greater": operator.gt,
    "LessOrEqual": operator.le,
    "GreaterOrEqual": operator.ge,
}
BITWISE = {"BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor}


def bits(*shape: int, seed: int = 0, dtype: str = "uint64") -> np.ndarray:
    """Any bits, the extremes first."""
    info = np.iinfo(dtype)
    x = np.random.default_rng(seed).integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    x.reshape(-1)[:2] = info.max, info.max // 2 + 1
    return np.asarray(x)


def exact(op: str, *arrays: np.ndarray, want: np.ndarray, **options: object) -> None:
    verify(op, *arrays, want=np.asarray(want), rtol=0, atol=0, **options)


@pytest.mark.parametrize("op", [*ARITHMETIC, *COMPARISONS])
@pytest.mark.parametrize("constant", [(), (1,)])
def test_two_operands(op: str, constant: tuple[int, ...]) -> None:
    x, y = bits(3, 3), np.sort(bits(3, seed=1))
    exact(op, x, y, constant=constant, want={**ARITHMETIC, **COMPARISONS}[op](x, y))


@few
@given(broadcastable(rank=3), st.sampled_from([*ARITHMETIC, *COMPARISONS, *BITWISE]))
def test_broadcasting(shapes: list[tuple[int, ...]], op: str) -> None:
    x, y = (np.random.default_rng(seed).integers(1, 9, shape).astype("uint64") for seed, shape in enumerate(shapes))
    exact(op, x, y, want={**ARITHMETIC, **COMPARISONS, **BITWISE}[op](x, y))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("op", BITWISE)
def test_bits(op: str, dtype: str) -> None:
    x, y = bits(3, 3, dtype=dtype), bits(3, seed=1, dtype=dtype)
    exact(op, x, y, want=BITWISE[op](x, y))
    exact("BitwiseNot", x, want=~x)


@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("constant", [(), (1,)])
def test_shifts(direction: str, constant: tuple[int, ...]) -> None:
    x, y = bits(2, 64), np.arange(64, dtype="uint64")
    exact("BitShift", x, y, constant=constant, want=x << y if direction == "LEFT" else x >> y, direction=direction)


def test_reductions() -> None:
    x, axes = bits(3, 3), np.array([1])
    with np.errstate(over="ignore"):
        for op, want in (("Sum", x.sum(1)), ("Max", x.max(1)), ("Min", x.min(1)), ("Prod", x.prod(1))):
            exact(f"Reduce{op}", x, axes, constant=(1,), want=want, keepdims=0)
    refused(nodes("ReduceMean", x, axes, constant=(1,)), "uint64")


def test_order() -> None:
    x = bits(3, 3)
    exact("ArgMax", x, want=x.argmax(1, keepdims=True), axis=1)
    exact("Clip", x, np.uint64(5), np.uint64(2**63), want=np.clip(x, 5, 2**63))
    exact("TopK", x, np.array([2]), constant=(1,), want=np.sort(x, 1)[:, :0:-1], outputs=("y", "i"))
    exact("TopK", x, np.array([2]), constant=(1,), want=np.sort(x, 1)[:, :2], outputs=("y", "i"), largest=0)


@pytest.mark.parametrize("to", ["float32", "float16", "int64", "int32", "uint8", "bool"])
def test_casts(to: str) -> None:
    x = bits(3, 3) if to != "float16" else np.arange(9, dtype="uint64")
    code = {"float32": 1, "float16": 10, "int64": 7, "int32": 6, "uint8": 2, "bool": 9}[to]
    exact("Cast", x, want=x.astype(to), to=code)
    y = np.arange(-4, 5).astype(to) if to[0] == "i" else np.arange(9).astype(to)
    exact("Cast", y, want=y.astype("uint64"), to=13)


def test_what_stays_refused() -> None:
    refused(nodes("Cast", bits(3), to=11), "UINT64")
    refused(nodes("Cast", np.ones(3), to=13), "UINT64")
    refused(nodes("Neg", np.ones(3, np.uint64), opset=23), "uint64")


def test_exponents() -> None:
    x, y = np.linspace(0.5, 2, 4, dtype=np.float32), np.array([0, 1, 2, 30], np.uint64)
    verify("Pow", x, y, want=x ** y.astype(np.float32))
