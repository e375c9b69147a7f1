"""Passes on ONNX graphs, each a class that gives ``(model, modified)`` and changes nothing when run again."""
