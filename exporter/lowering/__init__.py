"""What the writers share: how ONNX operators find their handlers, are bound to them, taken apart, and refused."""
