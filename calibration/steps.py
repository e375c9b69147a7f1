"""What a step of a recipe is: it proposes changes, layer by layer; the guard tries them and keeps what helps.

A step never decides. The guard takes each layer's proposal only if that layer's output, on samples that no step
sees (a held-back fifth of the calibration data), comes nearer to the float model's, and all of them together only
if the model's outputs do; else it reverts, and the report holds both.

Two kinds: a `WeightStep` proposes other integers, scales or biases for a layer of the plan; a `GraphStep` rewrites
groups of nodes of the float model so that its function stays equal, before anything is observed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.plan import LayerWeights, Plan

if TYPE_CHECKING:
    import onnx_ir as ir

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One sample's values in one of the models.

    Attributes:
        fingerprint: of the sample's inputs: the same in every run and order, for seeded choices.
        values: by name.
    """

    fingerprint: int
    values: Arrays


class Context(Protocol):
    """What a step sees. Nothing in it may be changed."""

    @property
    def model(self) -> "ir.Model":
        """The float model: BatchNorm folded, weights initializers of the main graph."""

    @property
    def plan(self) -> Plan:
        """The plan as accepted so far."""

    @property
    def seed(self) -> int:
        """For all that is drawn."""

    def weight(self, layer: str) -> NDArray[np.float32]:
        """The float weight of a layer, in its ONNX shape."""

    def bias(self, layer: str) -> NDArray[np.float32] | None:
        """The float bias of a layer [C], None where it has none."""

    def float_values(self, names: Collection[str]) -> Iterator[Sample]:
        """Values of the float model, for each calibration sample in turn (those held back are not among them)."""

    def quantized_values(
        self, names: Collection[str], plan: Plan | None = None, *, plain: bool = False
    ) -> Iterator[Sample]:
        """Values of the quantized model (of `plan`, else of the plan so far), for the same samples in the same order.

        A value that carries a pair comes dequantized, as its integer readers see it: a multiple of its scale. With
        `plain` all come as the node makes them, bias included, before they are rounded: a layer's `output`.
        """

    def mean_errors(self, layers: Collection[str]) -> Mapping[str, NDArray[np.float64]]:
        """By how much its own roundings shift a layer's output, float64 [C] by name: float less quantized.

        The float form reads what the quantized one reads before it is rounded. Layers without a bias are left out.
        """


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A change to one layer.

    Attributes:
        layer: its name.
        weights: what it should become; the scale may differ from the plan's, and so may the bias.
        note: for the report, short; "" where there is nothing to say.
    """

    layer: str
    weights: LayerWeights
    note: str = ""


class WeightStep(Protocol):
    """Proposes other weights or biases.

    Attributes:
        name: as the report shows it, such as ``"bias correction"``.
    """

    name: str

    def propose(self, context: Context) -> Iterable[Proposal]:
        """At most one proposal a layer; layers it has nothing for are left out. Deterministic for `context.seed`."""


class GraphStep(Protocol):
    """Rewrites the float model, its function unchanged but for float rounding.

    Attributes:
        name: as the report shows it, such as ``"cross-layer equalisation"``.
        adds_float: whether it adds products that stay float: nothing for a unit that has none beside its integer ones.
    """

    name: str
    adds_float: bool

    def groups(self, model: "ir.Model") -> tuple[str, ...]:
        """The names of what it could change, each on its own: it writes nothing."""

    def apply(self, model: "ir.Model", groups: Collection[str], context: Context) -> None:
        """Rewrite these groups of `model` (a copy of `context.model`) in place; names of values are kept."""
