"""Functions of two numbers, element by element, with numpy's broadcasting."""

import torch

from portproof.runtimes.coreml.registry import mil_op

_COMPARISONS = {
    "equal": torch.eq,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "less": torch.lt,
    "less_equal": torch.le,
    "not_equal": torch.ne,
}

_LOGICAL = {"logical_and": torch.logical_and, "logical_or": torch.logical_or, "logical_xor": torch.logical_xor}

_EXACT = {"maximum": torch.maximum, "minimum": torch.minimum}


@mil_op("add")
def add(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x + y."""
    return x + y


@mil_op("sub")
def sub(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x - y."""
    return x - y


@mil_op("mul")
def mul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x * y."""
    return x * y


@mil_op("real_div")
def real_div(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x / y; of whole numbers, whose quotient is declared one too, what is behind the point is dropped."""
    if x.dtype.is_floating_point or y.dtype.is_floating_point:
        return x / y
    return torch.div(x, y, rounding_mode="trunc")


@mil_op("floor_div")
def floor_div(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x / y, rounded towards negative infinity."""
    return torch.floor_divide(x, y)


@mil_op("mod")
def mod(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x - y * floor(x / y): it has the sign of y."""
    return torch.remainder(x, y)


@mil_op("pow")
def pow_(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x to the power of y; of whole numbers, what is behind the point is dropped."""
    return torch.pow(x, y)


@mil_op(*_EXACT, exact=True)
def extreme(x: torch.Tensor, y: torch.Tensor, *, op_type: str) -> torch.Tensor:
    """The larger or the smaller of two."""
    return _EXACT[op_type](x, y)


@mil_op(*_COMPARISONS)
def comparison(x: torch.Tensor, y: torch.Tensor, *, op_type: str) -> torch.Tensor:
    """Whether x and y are in the relation that the operator is named after."""
    return _COMPARISONS[op_type](x, y)


@mil_op(*_LOGICAL)
def logical(x: torch.Tensor, y: torch.Tensor, *, op_type: str) -> torch.Tensor:
    """And, or, exclusive or of truth values."""
    if x.dtype is not torch.bool or y.dtype is not torch.bool:
        raise ValueError(f"{op_type} takes truth values, not {x.dtype} and {y.dtype}")
    return _LOGICAL[op_type](x, y)
