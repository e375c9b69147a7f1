"""ONNX nodes to a MIL program, one after the other; coremltools' own passes make it fast afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.coreml.builder import Builder, narrowed_type, saturated
from portproof.exporter.coreml.images import first, scales
from portproof.exporter.coreml.interface import Port, enter, leave, ports
from portproof.exporter.coreml.items import Folded, Item, Nothing, TensorList
from portproof.exporter.coreml.make.late import Of, is_number, reshaped_like
from portproof.exporter.coreml.names import Names
from portproof.exporter.coreml.parts import by_parts
from portproof.exporter.coreml.registry import find
from portproof.exporter.coreml.states import check as check_states
from portproof.exporter.coreml.states import placeholder as state_placeholder
from portproof.exporter.coreml.states import read as read_state
from portproof.exporter.coreml.states import write as write_state
from portproof.exporter.coreml.targets import target_of
from portproof.exporter.coreml.unsupported import hint, is_no_feature, reason, unwritable_output
from portproof.exporter.coreml.values import MOST_AXES, NARROW, Var, dtype_of, is_known, is_var, shape_of
from portproof.exporter.images import ImageInput
from portproof.exporter.lowering.binding import bind
from portproof.exporter.lowering.messages import refused_node
from portproof.exporter.lowering.refusal import Refusal, RefusedInside, UnknownShape
from portproof.exporter.lowering.registry import Entry, call
from portproof.exporter.provenance import where

_WORDS = {"target": "coreml", "format_name": "Core ML"}


@dataclass(frozen=True, kw_only=True)
class Lowered:
    """A MIL program, not yet optimised.

    Attributes:
        program: `coremltools.converters.mil.Program` with the function ``main``.
        inputs: what it takes, in the source's order.
        outputs: what it gives.
        origins: the ONNX node that made an operator, by the operator's name.
        target: the deployment target.
        states: the name of each state of the package, with the source's input and the output that replaces it.
    """

    program: Any
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    origins: Mapping[str, ir.Node] = field(default_factory=dict)
    target: str = ""
    states: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def lower(
    model: ir.Model,
    *,
    target: str,
    sizes: Mapping[str, Any] | None = None,
    images: Sequence[ImageInput] = (),
    states: Mapping[str, str] | None = None,
    limits: Mapping[Any, int] | None = None,
) -> Lowered:
    """A MIL program for an ONNX model.

    Args:
        model: with functions inlined, and a known number of axes of every value.
        target: one of `targets.TARGETS`.
        sizes: the symbol for each symbolic size of the inputs.
        images: the inputs that are pictures.
        states: by the name of an input that becomes a state, the output that replaces it.
        limits: the largest size that each symbol stands for.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED`` with one message for each node that cannot be written; ``E-USAGE`` where
            a picture is declared that is no input.
    """
    from coremltools.converters.mil.mil import Program

    model = by_parts(model)
    names = Names()
    try:
        kept = {} if states is None else states
        check_states(kept, model.graph, target)
        taken = [value for value in model.graph.inputs if not value.is_initializer() and value.name not in kept]
        inputs = ports(taken, names, target, scales(images, taken))
        outputs = ports([value for value in model.graph.outputs if value.name not in kept.values()], names, target)
    except Refusal as refusal:
        raise PortproofError(
            "E-OP-UNSUPPORTED", "an input or output cannot be written in Core ML", why=refusal.reason, hint=refusal.hint
        ) from refusal
    b = Builder(model.opset_imports.get("", 1), target, names)
    b.limits = dict(limits or {})
    program = Program()
    boxes = {names.take(key): (key, name) for key, name in kept.items()}
    program.add_function("main", _function(b, model.graph, inputs, outputs, sizes or {}, boxes))
    return Lowered(
        program=program,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        origins=b.origins,
        target=target,
        states=boxes,
    )


def _function(
    b: Builder,
    graph: ir.Graph,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    sizes: Mapping[str, Any],
    boxes: Mapping[str, tuple[str, str]],
) -> Any:
    from coremltools.converters.mil.mil import Function

    by_name = {value.name: value for value in graph.inputs if not value.is_initializer()}
    taken = [by_name[port.source] for port in inputs]
    placeholders = {port.name: _placeholder(port, value, sizes) for port, value in zip(inputs, taken, strict=True)}
    placeholders |= {name: state_placeholder(by_name[key]) for name, (key, _) in boxes.items()}
    with Function(placeholders, opset_version=target_of(b.target)) as function:
        lowering = Lowering(b)
        for port, value in zip(inputs, taken, strict=True):
            lowering.values[value] = enter(b, port, function.inputs[port.name])
        for name, (key, _) in boxes.items():
            lowering.values[by_name[key]] = read_state(b, by_name[key], function.inputs[name])
        results = lowering.graph(graph)
        lowering.refusals += [
            unwritable_output(value.name, item, **_WORDS)
            for value, item in zip(graph.outputs, results, strict=True)
            if item is not None and is_no_feature(item)
        ]
        if lowering.refusals:
            raise PortproofError.of(lowering.refusals)
        b.source = None
        made = {value.name: item for value, item in zip(graph.outputs, results, strict=True)}
        for name, (_, output) in boxes.items():
            write_state(b, function.inputs[name], made[output])
        function.set_outputs([leave(b, port, made[port.source]) for port in outputs])
    return function


def _placeholder(port: Port, value: ir.Value, sizes: Mapping[str, Any]) -> Any:
    from coremltools.converters.mil import Builder as MilBuilder
    from coremltools.converters.mil.mil import types

    shape = [] if value.shape is None else list(value.shape)
    shape = shape if port.image is None else first(shape, port.image)
    axes = [size if isinstance(size, int) else sizes[str(size.value)] for size in shape] or [1]
    return MilBuilder.placeholder(tuple(axes), dtype=types.numpy_type_to_builtin_type(np.dtype(port.dtype)))


class Lowering:
    """Lowers graphs into a builder; a nested graph reads the values of those around it.

    Attributes:
        values: what the ONNX values have become.
        refusals: what could not be written, so far.
    """

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.values: dict[ir.Value, Item] = {}
        self.refusals: list[Message] = []
        self.refused: set[ir.Value | None] = set()
        builder.lowering = self

    def graph(self, graph: ir.Graph) -> list[Item | None]:
        """Lowers all nodes and gives the outputs, None for those that refused nodes make."""
        for node in graph:
            self._node(node)
        return [None if value in self.refused else self.value(value) for value in graph.outputs]

    def body(self, graph: ir.Graph, arguments: Sequence[Item]) -> list[Item]:
        """Lowers a nested graph for `arguments` into the block that is open.

        Raises:
            RefusedInside: with one message for each node that cannot be written.
        """
        source, refusals = self.builder.source, self.refusals
        self.refusals = []
        try:
            self.values.update(zip(graph.inputs, arguments, strict=True))
            results = self.graph(graph)
            if self.refusals:
                raise RefusedInside(self.refusals)
            return [item for item in results if item is not None]
        finally:
            self.builder.source, self.refusals = source, refusals

    def value(self, value: ir.Value, *, saturates: bool = False) -> Item:
        """What a value of the model has become.

        Args:
            value: of this graph or one around it.
            saturates: whether whole numbers of a constant that leave int32 become its limits.

        Raises:
            UnknownShape: it is the output of a node that was refused.
            Refusal: such a whole number, unless `saturates`.
        """
        if value in self.refused:
            raise UnknownShape(f"{value.name} comes out of a node that cannot be written")
        if value not in self.values:
            constant = ir.convenience.get_const_tensor(value)
            if constant is None:
                raise Refusal(f"value {value.name} comes from outside the graph")
            array = constant.numpy()
            return self.builder.const(saturated(array) if saturates else array)
        return self.values[value]

    def _node(self, node: ir.Node) -> None:
        self.builder.source = node
        try:
            results = self._handle(node)
            for output, result in zip(node.outputs, results, strict=False):
                if result is not None:
                    self.values[output] = self._checked(node, output, result)
        except Refusal as refusal:
            if isinstance(refusal, RefusedInside):
                self.refusals.extend(refusal.messages)
            elif not (isinstance(refusal, UnknownShape) and self.refused.intersection(node.inputs)):
                self.refusals.append(refused_node(node, refusal, **_WORDS))
            self.refused.update(node.outputs)

    def _handle(self, node: ir.Node) -> Sequence[Item | None]:
        entry = find(node.domain, node.op_type, self.builder.opset if node.domain in ("", "ai.onnx") else 1)
        if entry is None:
            raise Refusal(reason(node.op_type) or "no lowering to Core ML is written for it", hint(node.op_type))
        attributes = bind(node, entry, self.builder.opset)
        inputs = [None if value is None else self._argument(value, entry) for value in node.inputs]
        results = call(entry, self.builder, inputs, attributes)
        return results if isinstance(results, list | tuple) else [results]

    def _argument(self, value: ir.Value, entry: Entry) -> Item:
        """What a handler is given: int32 in place of the narrow types, which few of MIL's operators take."""
        item = self.value(value, saturates=getattr(entry.handler, "saturates", False))
        if isinstance(item, Folded) and not getattr(entry.handler, "takes_folded", False):
            raise Refusal(f"its input has {len(item.shape)} axes, and Core ML has tensors of at most {MOST_AXES}")
        if is_var(item) and dtype_of(item) in NARROW and not getattr(entry.handler, "takes_narrow", False):
            return self.builder.cast(item, "int32")
        return item

    def _checked(self, node: ir.Node, output: ir.Value, result: Item) -> Item:
        """`result`; a handler that got shape or type wrong is a defect of ours, too many axes are the model's."""
        if isinstance(result, TensorList | Nothing | Folded):
            return result
        if len(result.shape) > MOST_AXES:
            raise Refusal(f"its result has {len(result.shape)} axes, and Core ML has tensors of at most {MOST_AXES}")
        _check_type(node, output, result)
        if is_known(result):
            _check_sizes(node, output, result)
            return result
        return self._declared(output, result)

    def _declared(self, output: ir.Value, result: Var) -> Var:
        """`result`, of which MIL does not know some sizes, with those that ONNX's inference knows."""
        if output.shape is None or len(output.shape) != len(result.shape):
            return result
        sizes = [size if isinstance(size, int) else Of(axis=axis) for axis, size in enumerate(output.shape)]
        news = [not is_number(known) and is_number(size) for known, size in zip(result.shape, sizes, strict=True)]
        return reshaped_like(self.builder, result, sizes) if any(news) and 0 not in sizes else result


def _check_sizes(node: ir.Node, output: ir.Value, result: Var) -> None:
    shape = shape_of(result)
    if 0 in shape and result.val is None:
        raise Refusal("its result is empty, and Core ML has no empty tensors")
    if output.shape is not None and output.shape.is_static() and shape != tuple(output.shape.numpy()):
        raise PortproofError(
            "E-INTERNAL",
            f"{node.op_type} was lowered to shape {shape}, ONNX says {tuple(output.shape.numpy())}",
            where=where(node),
        )


def _check_type(node: ir.Node, output: ir.Value, result: Var) -> None:
    if output.dtype is None:
        return
    wanted = narrowed_type(np.dtype(output.dtype.numpy())).name
    found = dtype_of(result)
    if found != wanted and not (found == "int32" and wanted in NARROW):
        raise PortproofError(
            "E-INTERNAL", f"{node.op_type} was lowered to type {found}, ONNX says {wanted}", where=where(node)
        )
