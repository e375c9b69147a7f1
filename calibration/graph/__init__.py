"""ONNX graphs in memory: what calibration and every writer need of them."""
