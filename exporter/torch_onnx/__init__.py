"""A torch module becomes an ONNX model: opset 23, every node with its module path and source line."""
