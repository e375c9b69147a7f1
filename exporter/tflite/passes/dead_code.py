"""Operators that nobody reads."""

import onnx_ir as ir

from portproof.exporter.tflite.passes.graph import remove_dead


class RemoveDeadCode(ir.passes.InPlacePass):
    """Removes them; inputs of the graph stay, read or not."""

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """One walk from the end is enough."""
        return ir.passes.PassResult(model, remove_dead(model.graph))
