"""Weights that several functions of a file have in common are held in memory once."""

from collections.abc import Iterator

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.values import Array
from portproof.exporter.tflite.writer.buffers import digest_of, sample_of

FEWEST_BYTES = 4096
"""Smaller constants are not worth the search."""
_Kind = tuple[str, tuple[int, ...], bytes]


class SharedWeights:
    """Lets the constants of one model after the other refer to arrays seen before, where they are equal.

    Given::

        encode: w[30522,384] (its own array)      decode: embedding[30522,384] (an equal array of its own)

    Result::

        encode: w -> array      decode: embedding -> the same array
    """

    def __init__(self) -> None:
        self._by_sample: dict[_Kind, list[Array]] = {}

    def share(self, model: ir.Model) -> int:
        """Share the constants of one more model, ONNX's or `tfl`'s; the bytes that are held once less."""
        saved = 0
        for value in _constants(model):
            array = value.const_value.numpy() if value.const_value is not None else np.empty(0)
            if array.nbytes < FEWEST_BYTES or array.dtype.hasobject:
                continue
            known = self._known(array)
            saved += array.nbytes if known is not array else 0
            if known is not array or not isinstance(value.const_value, ir.Tensor):
                value.const_value = ir.Tensor(known, name=value.name)
        return saved

    def _known(self, array: Array) -> Array:
        """The array seen before that is equal, else this one."""
        others = self._by_sample.setdefault((array.dtype.str, array.shape, sample_of(array)), [])
        for other in others:
            if other is array or digest_of(other) == digest_of(array):
                return other
        others.append(array)
        return array


def _constants(model: ir.Model) -> Iterator[ir.Value]:
    """Every constant once; those of memory-mapped files are not in memory to begin with."""
    seen: set[ir.Value] = set()
    for graph in model.graphs():
        seen.update(graph.initializers.values())
        seen.update(value for node in graph for value in node.inputs if value is not None)
    for value in seen:
        if value.const_value is not None and not isinstance(value.const_value, ir.ExternalTensor):
            yield value
