"""One file for each family of ONNX operators; the registry imports them all."""
