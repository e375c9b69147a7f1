"""Padding: positions of a sample that a mask input takes out hold other positions of it while statistics are gathered.

Most of a short sentence's 128 tokens are padding. What a model computes there reaches no output, but it would set
ranges, moments of inputs and means of errors. So the values of the sample itself are repeated in its place: the
outputs stay what they are, which is verified, and every position of every value is one that may occur.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration import run
from portproof.calibration.samples import Inputs, Samples

if TYPE_CHECKING:
    import onnx_ir as ir

_LOOKED_AT = 8
_EQUAL = 1e-5  # of an output's largest value: what another order of sums may change


@dataclass(frozen=True, kw_only=True)
class Padding:
    """What a mask takes out of other inputs.

    Attributes:
        mask: the input that is 1 where positions count and 0 where they do not, [..., positions].
        padded: inputs whose first axes are the mask's.
    """

    mask: str
    padded: tuple[str, ...]

    def filled(self, sample: Inputs) -> Inputs:
        """The sample with its own positions repeated where the mask is 0; a row that is masked as a whole stays."""
        mask = np.asarray(sample[self.mask]) != 0
        return {
            name: _filled(np.asarray(sample[name]), mask) if name in self.padded else sample[name] for name in sample
        }


def find(model: "ir.Model", samples: Samples) -> Padding | None:
    """The padding of samples: an input of zeros and ones, such that no output minds what others hold at its zeros.

    None where no input is such, or nothing is padded in the first samples. Run on those samples, in float.
    """
    rows = list(islice(samples, _LOOKED_AT)) if len(model.graph.inputs) > 1 else []
    for mask in rows[0] if rows else ():
        padding = Padding(mask=mask, padded=_of_same_axes(mask, rows[0]))
        if padding.padded and _is_mask([np.asarray(row[mask]) for row in rows]) and _holds(model, padding, rows):
            return padding
    return None


def without(samples: Samples, padding: Padding | None) -> Samples:
    """The same samples, with what is padded filled."""
    if padding is None:
        return samples
    found = padding

    def read() -> Iterator[Inputs]:
        return map(found.filled, samples.read())

    return replace(samples, read=read)


def _filled(array: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    length = mask.shape[-1]
    rows = array.reshape(-1, length, *array.shape[mask.ndim :]).copy()
    for row, kept in zip(rows, mask.reshape(-1, length), strict=True):
        real = np.flatnonzero(kept)
        if real.size:
            row[~kept] = row[np.resize(real, length - real.size)]
    return rows.reshape(array.shape)


def _of_same_axes(mask: str, sample: Inputs) -> tuple[str, ...]:
    shape = np.shape(sample[mask])
    if not shape or shape[-1] < 2:
        return ()
    return tuple(name for name in sample if name != mask and np.shape(sample[name])[: len(shape)] == shape)


def _is_mask(arrays: Sequence[NDArray[Any]]) -> bool:
    values = np.unique(np.concatenate([array.reshape(-1) for array in arrays]).astype(np.float64))
    return bool(values.tolist() == [0.0, 1.0])


def _holds(model: "ir.Model", padding: Padding, rows: Sequence[Inputs]) -> bool:
    """Whether no output of the float model minds, on samples that are padded."""
    chosen = [row for row in rows if not np.asarray(row[padding.mask]).all()]
    names = [output.name or "" for output in model.graph.outputs]
    session = run.session(run.to_bytes(model))
    pairs = ((run.values(session, names, row), run.values(session, names, padding.filled(row))) for row in chosen)
    return bool(chosen) and all(_equal(one, other) for one, other in pairs)


def _equal(one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> bool:
    for name, array in one.items():
        if array.dtype.kind != "f":
            if not np.array_equal(array, other[name]):
                return False
        elif not np.allclose(array, other[name], rtol=0, atol=_EQUAL * float(np.abs(array).max(initial=0.0))):
            return False
    return True
