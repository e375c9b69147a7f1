"""Reads a kernel's signature: which parameters its operator has, and in which form each of them is handed over."""

import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from portproof.runtimes.coreml.context import Context

Convert = Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of an operator.

    Attributes:
        name: MIL's.
        convert: from a value of the engine to the form that the kernel takes; raises `TypeError` where it cannot.
        required: whether an operator without it is an error.
        variadic: whether it takes several values.
    """

    name: str
    convert: Convert
    required: bool
    variadic: bool = False


def read_signature(function: Callable[..., Any]) -> tuple[dict[str, Parameter], str, bool]:
    """The parameters by name, the name of the one for the context ("" for none), and whether it takes `op_type`.

    Raises:
        TypeError: an annotation that nothing is known of: a mistake in the kernel.
    """
    hints = typing.get_type_hints(function)
    parameters: dict[str, Parameter] = {}
    context, wants_type = "", False
    for name, parameter in inspect.signature(function).parameters.items():
        hint = _without_none(hints[name])
        if hint is Context:
            context = name
        elif name == "op_type":
            wants_type = True
        else:
            parameters[name] = Parameter(
                name=name,
                convert=_CONVERT[hint],
                required=parameter.default is inspect.Parameter.empty,
                variadic=hint in (list[torch.Tensor], list[Any]),
            )
    return parameters, context, wants_type


def _without_none(hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        left = [item for item in typing.get_args(hint) if item is not types.NoneType]
        return left[0]
    return hint


def _tensor(value: Any) -> torch.Tensor:
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"a tensor is needed, not {_kind(value)}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a string is needed, not {_kind(value)}")
    return value


def _scalar(value: Any) -> Any:
    tensor = _tensor(value)
    if tensor.numel() != 1:
        raise TypeError(f"one number is needed, not a tensor of shape {list(tensor.shape)}")
    return tensor.item()


def _whole(value: Any) -> int:
    number = _scalar(value)
    if isinstance(number, float):
        raise TypeError("a whole number is needed, not a float")
    return int(number)


def _float(value: Any) -> float:
    return float(_scalar(value))


def _bool(value: Any) -> bool:
    if _tensor(value).dtype is not torch.bool:
        raise TypeError("a truth value is needed")
    return bool(_scalar(value))


def _numbers(value: Any) -> list[Any]:
    tensor = _tensor(value)
    if tensor.dim() > 1:
        raise TypeError(f"a vector is needed, not a tensor of shape {list(tensor.shape)}")
    return tensor.reshape(-1).tolist()


def _wholes(value: Any) -> list[int]:
    if _tensor(value).dtype.is_floating_point:
        raise TypeError("whole numbers are needed, not floats")
    return [int(number) for number in _numbers(value)]


def _floats(value: Any) -> list[float]:
    return [float(number) for number in _numbers(value)]


def _bools(value: Any) -> list[bool]:
    if _tensor(value).dtype is not torch.bool:
        raise TypeError("truth values are needed")
    return _numbers(value)


def _texts(value: Any) -> list[str]:
    if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise TypeError(f"strings are needed, not {_kind(value)}")
    return value


def _tensors(value: Any) -> list[torch.Tensor]:
    return [_tensor(item) for item in value]


def _as_it_is(value: Any) -> Any:
    return value


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"


_CONVERT: dict[Any, Convert] = {
    torch.Tensor: _tensor,
    int: _whole,
    float: _float,
    bool: _bool,
    str: _text,
    list[int]: _wholes,
    list[float]: _floats,
    list[bool]: _bools,
    list[str]: _texts,
    list[torch.Tensor]: _tensors,
    list[Any]: _as_it_is,
    Any: _as_it_is,
}
