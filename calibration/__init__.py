"""Turns an ONNX model and calibration data into a quantized (QDQ) ONNX model; no target format is known here."""
