"""Q/DQ pairs of a quantized model to TFLite's integer kernels."""
