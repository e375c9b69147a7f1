"""Kernels that compute against coremltools' own numpy values, on small tensors of many shapes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.runtimes.coreml.inferred import inferred
from tests.runtimes.coreml.mil import run

REAL, WHOLE, ANY = ("float16", "float32"), ("int32",), ("float16", "float32", "int32")
TOLERANCE = {"float16": 4e-3, "float32": 2e-5, "int32": 0.0, "bool": 0.0, "uint16": 0.0}
"""Relative to the largest value; numpy computes in float16 where the emulator rounds once at the end."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """An operator, its parameters, and the inputs that it is defined on."""

    op: str
    dtypes: tuple[str, ...] = REAL
    low: float = -3.0
    high: float = 3.0
    rank: tuple[int, int] = (1, 4)
    parameters: dict[str, Any] = field(default_factory=dict)
    out: str = ""
    opset: str = "CoreML7"

    def __str__(self) -> str:
        extra = ",".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.op}({extra}){self.opset}"


def _cases(*cases: Case) -> Any:
    return pytest.mark.parametrize("case", cases, ids=str)


def _array(case: Case, shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).uniform(case.low, case.high, shape)
    return np.round(values).astype(dtype) if dtype == "int32" else values.astype(dtype)


def _check(case: Case, dtype: str, **arrays: np.ndarray) -> None:
    want = inferred(case.op, opset=case.opset, **arrays, **case.parameters)
    out = case.out or dtype
    got = run(case.op, out, opset=case.opset, **arrays, **case.parameters)
    assert got.shape == want.shape
    scale = np.max(np.abs(want[np.isfinite(want)]).astype(np.float64), initial=1.0)
    np.testing.assert_allclose(got.astype(np.float64), want.astype(np.float64), rtol=0, atol=TOLERANCE[out] * scale)


shapes = st.lists(st.integers(1, 4), min_size=4, max_size=4)
many = settings(max_examples=8, deadline=None, derandomize=True)


@_cases(
    *[Case(op=op) for op in ("atan", "ceil", "cos", "cosh", "erf", "exp", "floor", "round", "sin", "sinh", "tanh")],
    *[Case(op=op, dtypes=ANY) for op in ("abs", "sign", "square")],
    *[Case(op=op, low=-0.95, high=0.95) for op in ("acos", "asin", "atanh")],
    *[Case(op=op, low=0.1) for op in ("sqrt", "log", "rsqrt", "inverse")],
    *[Case(op=op, low=0.1, parameters={"epsilon": np.float32(0.5)}) for op in ("log", "rsqrt", "inverse")],
    Case(op="exp2"),
    Case(op="tan", low=-1.2, high=1.2),
    *[Case(op="clip", parameters={"alpha": -1.0, "beta": 0.75}, opset=opset) for opset in ("CoreML5", "CoreML7")],
    Case(op="threshold", parameters={"alpha": 0.5}),
    *[Case(op=op) for op in ("relu", "relu6", "sigmoid", "softplus", "softsign")],
    *[Case(op=op, parameters={"alpha": 0.5}) for op in ("elu", "leaky_relu", "thresholded_relu")],
    *[
        Case(op=op, parameters={"alpha": 0.5, "beta": 0.25})
        for op in ("clamped_relu", "linear_activation", "scaled_tanh", "sigmoid_hard")
    ],
    *[Case(op="gelu", parameters={"mode": mode}) for mode in ("EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION")],
    Case(op="softmax"),
    Case(op="softmax", parameters={"axis": 0}),
    *[
        Case(op="cast", dtypes=ANY, parameters={"dtype": name}, out=out)
        for name, out in (("int32", "int32"), ("fp16", "float16"), ("fp32", "float32"), ("bool", "bool"))
    ],
    Case(op="cast", low=0.0, dtypes=ANY, parameters={"dtype": "uint16"}, out="uint16"),
    Case(op="l2_norm", rank=(3, 4)),
    Case(op="layer_norm", parameters={"axes": [-1], "epsilon": 0.01}),
)
@many
@given(data=st.data(), shape=shapes, seed=st.integers(0, 2**16))
def test_functions_of_one_tensor(case: Case, data: Any, shape: list[int], seed: int) -> None:
    dtype = data.draw(st.sampled_from(case.dtypes))
    rank = data.draw(st.integers(*case.rank))
    parameters = {k: np.dtype(dtype).type(v) if isinstance(v, float) else v for k, v in case.parameters.items()}
    typed = Case(op=case.op, out=case.out, opset=case.opset, parameters=parameters)
    _check(typed, dtype, x=_array(case, tuple(shape[:rank]), dtype, seed))


@_cases(
    *[Case(op=op, dtypes=ANY) for op in ("add", "sub", "mul", "maximum", "minimum")],
    *[Case(op=op, dtypes=ANY, low=1.0, high=9.0) for op in ("floor_div", "mod", "pow")],
    Case(op="real_div", low=1.0, high=9.0),
    *[
        Case(op=op, dtypes=ANY, out="bool")
        for op in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
    ],
)
@many
@given(data=st.data(), shape=shapes, seed=st.integers(0, 2**16))
def test_functions_of_two_tensors(case: Case, data: Any, shape: list[int], seed: int) -> None:
    dtype = data.draw(st.sampled_from(case.dtypes))
    other = [size if data.draw(st.booleans()) else 1 for size in shape[data.draw(st.integers(0, 3)) :]]
    x, y = _array(case, tuple(shape), dtype, seed), _array(case, tuple(other), dtype, seed + 1)
    if case.op == "pow":
        y = np.minimum(y, 3).astype(dtype)
    if case.op in ("floor_div", "mod") and dtype == "float16":
        x, y = np.round(x), np.round(y)  # quotients near a whole number fall to either side
    _check(case, dtype, x=x, y=y)


@pytest.mark.parametrize("op", ["logical_and", "logical_or", "logical_xor"])
@many
@given(shape=shapes, seed=st.integers(0, 2**16))
def test_truth_values(op: str, shape: list[int], seed: int) -> None:
    bits = np.random.default_rng(seed).integers(0, 2, (2, *shape)).astype(bool)
    _check(Case(op=op), "bool", x=bits[0], y=bits[1])
    _check(Case(op="logical_not"), "bool", x=bits[0])


REDUCTIONS = ("l1_norm", "l2_norm", "log_sum", "log_sum_exp", "max", "mean", "min", "prod", "sum", "sum_square")


@_cases(*[Case(op=f"reduce_{name}", dtypes=ANY, low=1.0) for name in REDUCTIONS])
@many
@given(data=st.data(), shape=shapes, seed=st.integers(0, 2**16), keep=st.booleans())
def test_reductions(case: Case, data: Any, shape: list[int], seed: int, keep: bool) -> None:
    dtype = data.draw(st.sampled_from(case.dtypes))
    axes = data.draw(st.lists(st.integers(-2, 1), min_size=1, max_size=2, unique_by=lambda axis: axis % 4))
    typed = Case(op=case.op, opset="CoreML5", parameters={"axes": axes, "keep_dims": keep})
    _check(typed, dtype, x=_array(case, tuple(shape), dtype, seed))


@pytest.mark.parametrize("op", ["reduce_argmax", "reduce_argmin"])
@many
@given(shape=shapes, seed=st.integers(0, 2**16), axis=st.integers(-4, 3), keep=st.booleans())
def test_places(op: str, shape: list[int], seed: int, axis: int, keep: bool) -> None:
    parameters = {"axis": axis, "keep_dims": keep}
    _check(Case(op=op, out="int32", parameters=parameters), "float32", x=_array(Case(op=op), shape, "float32", seed))


@pytest.mark.parametrize("dtype", ANY)
@many
@given(sizes=shapes, seed=st.integers(0, 2**16), transposed=st.tuples(st.booleans(), st.booleans()))
def test_matrix_products(dtype: str, sizes: list[int], seed: int, transposed: tuple[bool, bool]) -> None:
    batch, rows, inner, columns = sizes
    case = Case(op="matmul", parameters={"transpose_x": transposed[0], "transpose_y": transposed[1]})
    x = _array(case, (batch, inner, rows) if transposed[0] else (batch, rows, inner), dtype, seed)
    y = _array(case, (columns, inner) if transposed[1] else (inner, columns), dtype, seed + 1)
    _check(case, dtype, x=x, y=y)
    weight, bias = _array(case, (columns, inner), dtype, seed), _array(case, (columns,), dtype, seed)
    _check(Case(op="linear"), dtype, x=_array(case, (batch, rows, inner), dtype, seed), weight=weight, bias=bias)
