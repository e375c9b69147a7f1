"""The context that steps work in: the float model, the plan so far, and runs of both over the calibration samples."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration import run
from portproof.calibration.accuracy import Accuracy, compare
from portproof.calibration.build import bias_of
from portproof.calibration.graph.access import constant
from portproof.calibration.mean_errors import mean_errors
from portproof.calibration.plan import Plan
from portproof.calibration.row_scales import with_row_scales
from portproof.calibration.samples import Inputs, Samples, fingerprint
from portproof.calibration.steps import Sample
from portproof.calibration.write import reads, write

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.calibration.observe.table import Table

_FOR_MEANS = 20  # samples: a mean over as many images and all their positions is settled
_JUDGED = 32  # samples held back: they decide between plans, whose errors are those of the same samples
_MOST_BYTES = 1 << 26
_SMALL_VALUES = 4096


class Reference:
    """A float model's outputs on the samples held back, computed once where they are small.

    It serves every form of the model that computes the same function: what is rewritten is held against the original.
    """

    def __init__(self) -> None:
        self.kept: list[Inputs] | None = None

    def outputs(
        self, model: "ir.Model", names: Collection[str], samples: Callable[[], Iterator[Inputs]]
    ) -> Iterator[Inputs]:
        """The outputs, sample after sample."""
        if self.kept is not None:
            yield from self.kept
            return
        kept, size = [], 0
        for values in run.stream(model, names, samples()):
            size += sum(array.nbytes for array in values.values())
            if size <= _MOST_BYTES:
                kept.append(values)
            yield values
        if size <= _MOST_BYTES:
            self.kept = list(kept)


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A `steps.Context`; a change makes a new one.

    Attributes:
        model: the float model, prepared.
        plan: as accepted so far.
        samples: all of them.
        seed: for all that is drawn.
        most: samples that a step sees at most: corrections gain little from more, and cost in proportion.
        most_small: of samples of few values: a sentence is a handful of rows where an image is thousands.
        reference: the float model's outputs, kept for the next accuracy, and for the next workspace.
        table: the statistics that a trial's plan was made of.
    """

    model: "ir.Model"
    plan: Plan
    samples: Samples
    seed: int = 0
    most: int = 48
    most_small: int = 480
    reference: Reference = field(default_factory=Reference, compare=False, repr=False)
    table: "Table | None" = field(default=None, compare=False, repr=False)

    def weight(self, layer: str) -> NDArray[np.float32]:
        """See `steps.Context`."""
        name = self.plan.layers[layer].weight
        return np.asarray(constant(self.model.graph.initializers[name]), np.float32)

    def bias(self, layer: str) -> NDArray[np.float32] | None:
        """See `steps.Context`."""
        return bias_of(self.model, self.plan.layers[layer])

    def float_values(self, names: Collection[str]) -> Iterator[Sample]:
        """See `steps.Context`."""
        return _stream(self.model, {name: name for name in names}, self._fit())

    def quantized_values(
        self, names: Collection[str], plan: Plan | None = None, *, plain: bool = False
    ) -> Iterator[Sample]:
        """See `steps.Context`."""
        model = write(self.model, plan or self.plan)
        return _stream(model, names_in(model, names, plain=plain), self._fit())

    def mean_errors(self, layers: Collection[str]) -> Mapping[str, NDArray[np.float64]]:
        """See `steps.Context`."""
        return mean_errors(self.model, self.plan, layers, _first(self._fit(), _FOR_MEANS))

    def accuracy(self, plan: Plan, *, in_rows: bool = False) -> Accuracy:
        """Of a plan, on the samples held back.

        With `in_rows` what is quantized when running has a scale for each row: see `row_scales`.
        """
        return compare(self.wanted(), self._given(plan, in_rows, _JUDGED))

    def accuracies(self, plan: Plan, *, in_rows: bool = False, most: int = _JUDGED) -> list[Accuracy]:
        """The same of each sample held back, or of the first `most`."""
        pairs = zip(_first(self.wanted(), most), self._given(plan, in_rows, most), strict=True)
        return [compare([wanted], [given]) for wanted, given in pairs]

    def _given(self, plan: Plan, in_rows: bool, most: int) -> Iterator[Inputs]:
        names = [output.name or "" for output in self.model.graph.outputs]
        model = write(self.model, plan)
        return run.stream(with_row_scales(model) if in_rows else model, names, _first(self.held_back(), most))

    def wanted(self) -> Iterator[Inputs]:
        """The float model's outputs on the samples held back."""
        names = [output.name or "" for output in self.model.graph.outputs]
        return self.reference.outputs(self.model, names, self.held_back)

    def with_plan(self, plan: Plan) -> "Workspace":
        """The same with another plan."""
        return replace(self, plan=plan)

    def held_back(self) -> Iterator[Inputs]:
        """The samples that no step sees."""
        return _first(self.samples.held_back(), _JUDGED)

    def _fit(self) -> Iterator[Inputs]:
        samples = iter(self.samples.fit())
        first = list(_first(samples, 1))
        is_small = sum(array.size for sample in first for array in sample.values()) <= _SMALL_VALUES
        return _first(chain(first, samples), self.most_small if is_small else self.most)


def names_in(model: "ir.Model", names: Collection[str], *, plain: bool) -> dict[str, str]:
    """What values of the float model are called in a written one: behind their pairs, or (`plain`) before them."""
    behind = reads(model)
    outputs = {output.name for output in model.graph.outputs}
    raw = {name: f"{name}_raw" if name in outputs and f"{name}_raw" in behind else name for name in names}
    return raw if plain else {name: behind.get(raw[name], raw[name]) for name in names}


def _stream(model: "ir.Model", wanted: dict[str, str], samples: Iterator[Inputs]) -> Iterator[Sample]:
    running = run.session(run.to_bytes(model, list(dict.fromkeys(wanted.values()))))
    for sample in samples:
        found = run.values(running, dict.fromkeys(wanted.values()), sample)
        number = int(fingerprint(sample)[:16], 16)
        yield Sample(fingerprint=number, values={name: found[own] for name, own in wanted.items()})


def _first(samples: Iterable[Inputs], most: int) -> Iterator[Inputs]:
    for _, sample in zip(range(most), samples, strict=False):
        yield sample
