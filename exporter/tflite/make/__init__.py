"""Emits common `tfl` operators with their output shapes; what is constant is computed at once.

Handlers are written with these: `movement` (layout and shape), `arithmetic` (elementwise, reductions, casts).
Nothing here knows ONNX.
"""
