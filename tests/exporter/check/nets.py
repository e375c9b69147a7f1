"""Small models for the tests of `check`."""

import onnx_ir as ir

CONV = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,3,8,8] image) => (float[1,4,8,8] out)
<float[4,3,1,1] w = {0.1,0.2,0.3,-0.4,0.5,-0.6,0.7,-0.8,0.9,1.0,-1.1,1.2}, float[1] two = {1.7}>
{ conv = Conv(image, w) made = Pow(conv, two) out = Relu(made) }
"""
"""A convolution, a power that no integer kernel takes, an activation."""


def model(text: str = CONV) -> ir.Model:
    """A model of ONNX text."""
    return ir.from_onnx_text(text)
