"""Sum, Mean, Max, Min of any number of inputs."""

import functools

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var

_CHAINED = {"Sum": "add", "Max": "maximum", "Min": "minimum"}


@onnx_op("Sum", "Max", "Min")
def chain(b: Builder, *values: Var, op_type: str) -> Var:
    """One operator after the other."""
    return wrapped(b, functools.reduce(lambda x, y: binary(b, _CHAINED[op_type], x, y), values))


@onnx_op("Mean")
def mean(b: Builder, *values: Var) -> Var:
    """The sum over the number of inputs."""
    if len(values) == 1:
        return values[0]
    return binary(b, "mul", chain(b, *values, op_type="Sum"), 1 / len(values))
