"""The order of the passes on the `tfl` dialect."""

import onnx_ir as ir


def before_layout(model: ir.Model) -> ir.Model:
    """Passes that see ONNX's axes."""
    return model


def after_layout(model: ir.Model) -> ir.Model:
    """Passes that see the file's axes."""
    return model
