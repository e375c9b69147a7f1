"""Outputs of an ONNX node that are optional, and whether anything reads them."""

import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.lowering.refusal import Refusal


def refuse_read_outputs(b: Builder, first: int, hint: str) -> None:
    """Refuses the node being lowered when something reads one of its outputs from index `first` on.

    Raises:
        Refusal: naming the output.
    """
    if b.source is None:
        return
    for output in b.source.outputs[first:]:
        if _is_read(output):
            raise Refusal(f"output {output.name} has no operator of MIL that computes it", hint)


def is_read(b: Builder, index: int) -> bool:
    """Whether something reads output `index` of the node being lowered."""
    outputs = b.source.outputs if b.source is not None else ()
    return index < len(outputs) and _is_read(outputs[index])


def _is_read(output: ir.Value) -> bool:
    return bool(output.name) and (output.is_graph_output() or bool(output.consumers()))
