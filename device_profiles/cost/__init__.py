"""The cost model: how long a graph takes on a unit of a device, predicted, with an interval.

`graph` reads what matters of an ONNX file, `layers` the work of each node, `components` what the model sees of it,
`reference` how a family of devices responds, `deviation` what is special about one; `predict` is what everything else
calls. docs/latency.md tells the model and how well it does.
"""
