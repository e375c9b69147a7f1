"""The user's task: what their metric gives for the float model and for plans of it, and how far it can be trusted."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration import run
from portproof.calibration.dialect import adapt
from portproof.calibration.plan import Plan
from portproof.calibration.row_scales import with_row_scales
from portproof.calibration.samples import Inputs, fingerprint
from portproof.calibration.sensitivity.metric import Metric, Run
from portproof.calibration.write import write
from portproof.device_profiles.errors import Message
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

_FEW = 32


@dataclass(kw_only=True)
class Task:
    """A metric of one float model.

    Attributes:
        metric: of the user, the higher the better.
        model: the prepared float model.
        rules: of the unit: LiteRT's dynamic layers have a scale for each row, ONNX's one for all.
    """

    metric: Metric
    model: "ir.Model"
    rules: KernelRules
    _float: list[float] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _count: int = 0

    @property
    def float_score(self) -> float:
        """The float model's; asked for once."""
        if not self._float:
            self._float.append(self.metric(self._noted(runner(self.model))))
        return self._float[0]

    @property
    def inputs(self) -> int:
        """How many inputs the metric ran the float model on."""
        return self._count if self._float else 0

    def drop(self, plan: Plan) -> float:
        """How much less than the float model's the score of a plan is, with a scale for each row if that is less."""
        reference, scores = self.float_score, [self.score(plan)]
        if plan.dynamic and self.rules.dynamic_scales == "row":
            scores.append(self.metric(runner(with_row_scales(write(self.model, plan)))))
        return reference - min(scores)

    def score(self, plan: Plan) -> float:
        """Of a plan as an app gets it in ONNX Runtime, integer kernels and all."""
        return self.metric(runner(adapt(write(self.model, plan), self.rules), integers=True))

    def findings(self, calibration: Iterable[Inputs]) -> Iterator[Message]:
        """What a user should know of the score: too few inputs, or the very ones that were calibrated on."""
        if self.inputs < _FEW:
            yield Message(
                code="W-METRIC-FEW",
                what=f"the metric ran the model on {self.inputs} input{'' if self.inputs == 1 else 's'}",
                why="a loss on rarer inputs does not show in so few",
                hint=f"let it judge {_FEW} or more that are not calibrated on",
            )
        shared = len({key(sample) for sample in calibration} & self._seen - {""})
        if shared:
            yield Message(
                code="W-METRIC-CALIBRATION",
                what=f"the metric runs the model on {shared} of the inputs that it is calibrated on",
                why="ranges and roundings are fitted to these: the score flatters",
                hint="keep some labelled inputs out of --calib, and let the metric judge those",
            )

    def _noted(self, call: Run) -> Run:
        def noted(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
            self._count += 1
            self._seen.add(key(inputs))
            return call(inputs)

        return noted


def key(sample: Inputs) -> str:
    """What tells an input from others: its largest array where one is, so that a stream's states do not count.

    Silence is no input that could be known again: "" of a largest array of one value only.
    """
    ordered = sorted(sample, key=lambda name: -np.asarray(sample[name]).size)
    sizes = [np.asarray(sample[name]).size for name in ordered[:2]]
    alone = len(sizes) == 1 or sizes[0] > sizes[1]
    largest = np.asarray(sample[ordered[0]])
    if not largest.size or (alone and (largest == largest.flat[0]).all()):
        return ""
    return fingerprint({ordered[0]: largest} if alone else sample)


def runner(model: "ir.Model", *, integers: bool = False) -> Run:
    """Runs a model in memory in ONNX Runtime: a dict of inputs to a dict of all its outputs."""
    names = [output.name or "" for output in model.graph.outputs]
    session = run.session(run.to_bytes(model), integers=integers)

    def call(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return run.values(session, names, inputs)

    return call
