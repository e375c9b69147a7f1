"""The pipeline and everything that writes a format: torch to ONNX, simplification, TFLite, bundles."""
