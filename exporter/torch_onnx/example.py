"""The example inputs of a torch module: bound to its signature, flattened, and made distinct tensors."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portproof.device_profiles.errors import Message, PortproofError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Example:
    """What the module is traced with.

    Attributes:
        args: positional arguments, any nesting of tuples, lists and dicts of tensors.
        kwargs: arguments by keyword, in the order of the module's signature.
        messages: W-SHARED-INPUT when tensors had to be separated.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()

    def leaves(self) -> "list[torch.Tensor]":
        """The tensors in the order in which the exporter makes them inputs."""
        import torch

        flat, _ = torch.utils._pytree.tree_flatten((self.args, self.kwargs))
        return [leaf for leaf in flat if isinstance(leaf, torch.Tensor)]

    def with_leaves(self, values: "list[torch.Tensor]") -> "Example":
        """The same arguments with other tensors."""
        import torch

        flat, spec = torch.utils._pytree.tree_flatten((self.args, self.kwargs))
        rest = iter(values)
        flat = [next(rest) if isinstance(leaf, torch.Tensor) else leaf for leaf in flat]
        args, kwargs = torch.utils._pytree.tree_unflatten(flat, spec)
        return Example(args=args, kwargs=kwargs, messages=self.messages)


def bind(module: "torch.nn.Module", inputs: Any) -> Example:
    """Bring what a factory gave as example inputs (a tensor, a tuple, or a dict by name) to an `Example`.

    Every tensor is copied: the exporter takes two inputs that are one tensor, or views of one storage, for the
    same input, and wires both to one. Where that would have happened, W-SHARED-INPUT says so.

    Raises:
        PortproofError: E-MODEL-FACTORY when they do not fit the signature of `forward`.
    """
    args, kwargs = _arguments(module, inputs)
    example = Example(args=args, kwargs=kwargs)
    leaves = example.leaves()
    if not leaves:
        raise PortproofError(
            "E-MODEL-FACTORY",
            "the example inputs hold no tensor",
            hint="Return (module, (tensor, ...)) or (module, {name: tensor}).",
        )
    separate = example.with_leaves([leaf.detach().clone() for leaf in leaves])
    return Example(args=separate.args, kwargs=separate.kwargs, messages=_shared(leaves))


def _arguments(module: "torch.nn.Module", inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    args, kwargs = ((), dict(inputs)) if isinstance(inputs, Mapping) else (_as_tuple(inputs), {})
    signature = inspect.signature(module.forward)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise PortproofError(
            "E-MODEL-FACTORY",
            "the example inputs do not fit the model",
            where=f"{type(module).__name__}.forward{signature}",
            why=str(error),
            hint="Return a tuple in the order of forward's parameters, or a dict by their names.",
        ) from error
    return bound.args, bound.kwargs


def _as_tuple(inputs: Any) -> tuple[Any, ...]:
    return tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)


def _shared(leaves: "list[torch.Tensor]") -> tuple[Message, ...]:
    places: dict[int, list[int]] = {}
    for position, leaf in enumerate(leaves):
        places.setdefault(leaf.untyped_storage().data_ptr(), []).append(position)
    return tuple(
        Message(
            code="W-SHARED-INPUT",
            what=f"example inputs {', '.join(str(p) for p in group)} share one tensor; they were separated",
            why="the exporter would have wired them to one input",
            hint="Give each input a tensor of its own.",
        )
        for pointer, group in places.items()
        if len(group) > 1 and pointer != 0
    )
