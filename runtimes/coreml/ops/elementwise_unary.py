"""Functions of one number, element by element; `cast` and those with an epsilon have files of their own."""

import torch

from portproof.runtimes.coreml.registry import mil_op

_FUNCTIONS = {
    "acos": torch.acos,
    "asin": torch.asin,
    "atan": torch.atan,
    "atanh": torch.atanh,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "erf": torch.erf,
    "exp": torch.exp,
    "sin": torch.sin,
    "sinh": torch.sinh,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "tan": torch.tan,
    "tanh": torch.tanh,
}

_EXACT = {
    "abs": torch.abs,
    "ceil": torch.ceil,
    "floor": torch.floor,
    "round": torch.round,  # halves to the even neighbour
    "sign": torch.sign,
}


@mil_op(*_FUNCTIONS)
def function(x: torch.Tensor, *, op_type: str) -> torch.Tensor:
    """The function that the operator is named after; angles in radians."""
    return _FUNCTIONS[op_type](x)


@mil_op(*_EXACT, exact=True)
def exact_function(x: torch.Tensor, *, op_type: str) -> torch.Tensor:
    """The function that the operator is named after, of those that give a float16 number for a float16 number."""
    return _EXACT[op_type](x)


@mil_op("exp2")
def exp2(x: torch.Tensor) -> torch.Tensor:
    """2 to the power of x; for whole numbers what is behind the point is dropped."""
    if x.dtype.is_floating_point:
        return torch.exp2(x)
    if bool((x > 30).any()):
        raise ValueError("a power of two is larger than an int32 can be")
    return torch.exp2(x.to(torch.float64)).to(torch.int64)


@mil_op("logical_not")
def logical_not(x: torch.Tensor) -> torch.Tensor:
    """True where x is false."""
    return torch.logical_not(x)


@mil_op("threshold", exact=True)
def threshold(x: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
    """max(x, alpha), in the type of x."""
    return torch.maximum(x, alpha.reshape(()).to(x.dtype))


@mil_op("clip", exact=True)
def clip(x: torch.Tensor, alpha: float, beta: float) -> torch.Tensor:
    """min(max(x, alpha), beta)."""
    return x.clamp(alpha, beta)


@mil_op("clip", since="CoreML7", exact=True)
def clip_between(x: torch.Tensor, alpha: float, beta: float) -> torch.Tensor:
    """As before, with alpha less than beta."""
    if not alpha < beta:
        raise ValueError(f"clip needs alpha less than beta, not {alpha} and {beta}")
    return x.clamp(alpha, beta)
