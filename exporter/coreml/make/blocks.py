"""What nested blocks of MIL need: values that no one takes for constants, and outputs of their own."""

from collections.abc import Callable, Sequence
from typing import Any

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.values import Var
from portproof.exporter.lowering.refusal import Refusal


def opaque(b: Builder, x: Var) -> Var:
    """`x` as the output of an operator, whose constant value, if it has one, is not known.

    What goes from step to step has a value of its own in each; MIL takes what is constant before the first step and
    after it for constant in between.
    """
    if 0 in x.shape:
        raise Refusal("a branch or a step gives an empty tensor, and Core ML has none")
    y = b.emit("identity", x=_plain(b, x))
    y._sym_val = None  # nothing public says so
    return y


def _plain(b: Builder, x: Var) -> Var:
    """A scalar as MIL has it most often."""
    if not _without_axes(x):
        return x
    return b.emit("squeeze", x=b.emit("expand_dims", x=x, axes=[0]), axes=[0])


def forget(values: Sequence[Var]) -> None:
    """Takes their constant values from the inputs of a block, which are copies of what goes in."""
    for value in values:
        value._sym_val = None


def while_loop(
    b: Builder, going: Callable[..., Var], step: Callable[..., Sequence[Var]], values: Sequence[Var]
) -> list[Var]:
    """MIL's while_loop.

    Args:
        b: the builder.
        going: whether there is a next step, from the values.
        step: the values after a step; may be called twice, when sizes change from step to step.
        values: before the first step: tensors and lists.
    """

    def condition(*given: Var) -> Var:
        forget(given)
        return going(*given)

    def body(*given: Var) -> list[Var]:
        forget(given)
        return _own(b, step(*given))

    results: Any = b.emit("while_loop", _cond=condition, _body=body, loop_vars=tuple(values))
    return list(results) if isinstance(results, tuple | list) else [results]


def _own(b: Builder, values: Sequence[Var]) -> list[Var]:
    """What a block gives: each the unknown result of an operator in it, none of them twice."""
    from coremltools.converters.mil.mil.block import curr_block

    found: list[Var] = []
    for value in values:
        made_here = value.op is not None and value.op.enclosing_block is curr_block() and value.val is None
        again = any(value is before for before in found)
        kept = _is_list(value) or (made_here and not again and not _without_axes(value))
        found.append(value if kept else opaque(b, value))
    return found


def _without_axes(x: Var) -> bool:
    """Whether it is a tensor without axes: MIL tells scalars from these, which some operators give."""
    from coremltools.converters.mil.mil import types

    return not len(x.shape) and bool(types.is_tensor(x.sym_type))


def _is_list(value: Var) -> bool:
    from coremltools.converters.mil.mil import types

    return bool(types.is_list(value.sym_type))
