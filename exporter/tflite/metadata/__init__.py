"""TFLite Metadata: what Android's readers know of inputs and outputs; docs/decisions/0011-tflite-metadata.md."""
