"""The cost model: how long a graph takes on a unit of a device, predicted, with an interval.

`graph` reads what matters of an ONNX file, `layers` the work of each node, `features` what the model sees of it, `model`
holds what was fitted, `fit` fits it, `predict` is what everything else calls. See docs/latency.md.
"""
