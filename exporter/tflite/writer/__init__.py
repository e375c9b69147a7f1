"""Turns a graph of the `tfl` dialect into the bytes of a `.tflite` file, one node to one operator."""
