"""Rewrites of the ONNX model for what MIL has, before anything is lowered."""
