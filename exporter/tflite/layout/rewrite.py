"""Carries the chosen configurations out: parameters, constants and shapes follow, transposes go to the seams."""

from functools import partial

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.record import copy_quantization, replace_moved
from portproof.exporter.tflite.layout.config import Config, is_literal, rule_of
from portproof.exporter.tflite.layout.perms import Perm, compose, identity, inverse, key, permute
from portproof.exporter.tflite.layout.problem import Problem, Tensor, is_transpose
from portproof.exporter.tflite.values import DOMAIN, constant, dtype_of, is_constant, shape_of


def rewrite(graph: ir.Graph, problem: Problem) -> None:
    """Changes `graph` to the current configurations of `problem`, whose sites are those of this graph."""
    for site in problem.sites:
        if site.node is not None and not is_literal(site.current):
            _store(site.node, site.current)
    for tensor in problem.tensors():
        tensor.value.shape = ir.Shape(permute(tensor.shape, _source_perm(problem, tensor)))
    seams = _Seams(graph, problem)
    for tensor in list(problem.tensors()):
        seams.connect(tensor)
    _remove_old_transposes(graph)


def _store(node: ir.Node, config: Config) -> None:
    rule = rule_of(node)
    if rule is None:
        raise ValueError(f"{node.op_type} has no layout rule")
    rule.rewrite(node, config)
    for index, (value, perm) in enumerate(zip(node.inputs, config.inputs, strict=True)):
        if is_constant(value) and perm is not None and perm != identity(len(perm)):
            replace_moved(node, index, partial(np.transpose, axes=perm))


def _source_perm(problem: Problem, tensor: Tensor) -> Perm:
    return problem.sites[tensor.site].current.outputs[tensor.index]


class _Seams:
    """Gives every reader its tensor in the order it wants; readers that want the same order share one operator."""

    def __init__(self, graph: ir.Graph, problem: Problem) -> None:
        self.graph = graph
        self.problem = problem
        outputs = [number for number, site in enumerate(problem.sites) if site.node is None and not site.writes]
        self.output_index = {number: index for index, number in enumerate(outputs)}

    def connect(self, tensor: Tensor) -> None:
        source = _source_perm(self.problem, tensor)
        delivered: dict[tuple[int, ...], ir.Value] = {source: tensor.value}
        for use in tensor.uses:
            wanted = self.problem.wanted(use, self.problem.sites[use.site].current)
            if wanted not in delivered:
                delivered[wanted] = self._convert(tensor, source, wanted)
            self._attach(use.site, use.index, delivered[wanted])

    def _convert(self, tensor: Tensor, source: Perm, wanted: Perm) -> ir.Value:
        shape = permute(tensor.shape, wanted)
        result = ir.Value(shape=ir.Shape(shape), type=tensor.value.type)
        copy_quantization(tensor.value, result)
        if key(source, tensor.shape) == key(wanted, tensor.shape):
            attributes = [ir.convenience.convert_attribute("new_shape", shape)]
            node = _node("RESHAPE", tensor.value, shape, result, attributes)
        else:
            order = list(compose(inverse(source), wanted))
            node = _node("TRANSPOSE", tensor.value, order, result, [])
        producer = tensor.value.producer()
        if producer is not None:
            node.metadata_props.update(producer.metadata_props)
            self.graph.insert_after(producer, node)
        else:
            self.graph.insert_before(self.graph[0], node)
        return result

    def _copy(self, value: ir.Value) -> ir.Value:
        """A second tensor with the same bytes: a file's inputs and outputs each have a name of their own."""
        shape = list(shape_of(value))
        result = ir.Value(shape=ir.Shape(shape), type=value.type)
        copy_quantization(value, result)
        attributes = [ir.convenience.convert_attribute("new_shape", shape)]
        self.graph.append(_node("RESHAPE", value, shape, result, attributes))
        return result

    def _attach(self, site: int, index: int, value: ir.Value) -> None:
        node = self.problem.sites[site].node
        if node is not None:
            node.replace_input_with(index, value)
            return
        place = self.output_index[site]
        old = self.graph.outputs[place]
        if old is not value:
            if value.is_graph_output() or value.is_graph_input():
                value = self._copy(value)
            _hand_over_name(old, value)
            self.graph.outputs[place] = value


def _node(op: str, value: ir.Value, parameter: list[int], result: ir.Value, attributes: list[ir.Attr]) -> ir.Node:
    operand = constant(np.array(parameter, dtype=np.int32))
    return ir.Node(DOMAIN, op, [value, operand], attributes, outputs=[result])


def _hand_over_name(old: ir.Value, new: ir.Value) -> None:
    """The graph's output keeps its name; what had it before loses it."""
    name, old.name = old.name, None
    new.name = name


def _remove_old_transposes(graph: ir.Graph) -> None:
    """The literal transposes have lost their readers."""
    for node in reversed(list(graph)):
        if is_transpose(node) and not any(value.uses() or value.is_graph_output() for value in node.outputs):
            graph.remove(node, safe=True)


def transposed_bytes(graph: ir.Graph) -> int:
    """Bytes moved in one run by the transposes of `graph`."""
    results = [node.outputs[0] for node in graph if node.op_type == "TRANSPOSE"]
    return sum(int(np.prod(shape_of(value))) * dtype_of(value).itemsize for value in results)
