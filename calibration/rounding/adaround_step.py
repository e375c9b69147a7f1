"""The step that learns the rounding of every layer: AdaRound on rows of its inputs, streamed and few at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.rounding import inputs
from portproof.calibration.rounding.blocks import grid_of, matrix_of_scales
from portproof.calibration.rounding.inputs import Target
from portproof.calibration.rounding.moments import sampled
from portproof.calibration.steps import Context, Proposal
from portproof.device_profiles.errors import PortproofError

if TYPE_CHECKING:
    from portproof.calibration.rounding.adaround import Problem

Floats32 = NDArray[np.float32]

_ROWS_PER_SAMPLE = 32
_MOST_ROWS = 2048
_LAYER_BYTES, _TOGETHER_BYTES = 32_000_000, 256_000_000


class AdaRound:
    """Learns, layer by layer, which of two integers each weight becomes; the inputs are those of the quantized model.

    What a layer should give is what it gives in the float model, from the float model's inputs: so it makes up for
    roundings before it too, as far as its weights can.

    Attributes:
        name: as the report shows it.
        steps: of the optimiser, a layer.
    """

    name = "AdaRound"

    def __init__(self, steps: int = 500) -> None:
        self.steps = steps

    def propose(self, context: Context) -> Iterator[Proposal]:
        """One proposal for each layer whose rounding changes.

        Raises:
            PortproofError: ``E-INSTALL`` without torch.
        """
        learning = _import()
        settings = learning.Settings(steps=self.steps, seed=context.seed)
        for batch in _batches(inputs.targets(context)):
            for target, rows, wanted in _observed(context, batch):
                old = context.plan.weights[target.name]
                grid, problem = grid_of(old), _problem(context, target, rows, wanted)
                integers = target.matrix.weight(learning.learn(problem, grid, settings))
                if not np.array_equal(integers, old.integers):
                    yield Proposal(layer=target.name, weights=replace(old, integers=integers))


def _import() -> ModuleType:
    try:
        from portproof.calibration.rounding import adaround
    except ImportError as error:
        hint = "install it with: pip install 'portproof[torch]'; or choose another recipe"
        raise PortproofError("E-INSTALL", "AdaRound learns with torch, which is not installed", hint=hint) from error
    return adaround


def _batches(chosen: Sequence[Target]) -> Iterator[list[Target]]:
    """As many layers at a time as have rows of so many bytes together."""
    count = max(1, _TOGETHER_BYTES // _LAYER_BYTES)
    for start in range(0, len(chosen), count):
        yield list(chosen[start : start + count])


def _observed(context: Context, batch: Sequence[Target]) -> Iterator[tuple[Target, Floats32, Floats32]]:
    """Rows of each layer's input in the quantized model, and what the float model makes of them, less the bias."""
    names = sorted({target.input for target in batch})
    columns = {target.name: target.matrix.columns(context.weight(target.name)) for target in batch}
    rows: dict[str, list[Floats32]] = {target.name: [] for target in batch}
    wanted: dict[str, list[Floats32]] = {target.name: [] for target in batch}
    for exact, rounded in zip(context.float_values(names), context.quantized_values(names), strict=True):
        for target in batch:
            if sum(len(part) for part in rows[target.name]) >= most_rows(target):
                continue
            before, after = (
                sampled(target.matrix, each.values[target.input], target.name, str(exact.fingerprint), _ROWS_PER_SAMPLE)
                for each in (exact, rounded)
            )
            rows[target.name].append(after)
            wanted[target.name].append(
                np.matmul(before.swapaxes(0, 1), columns[target.name].swapaxes(1, 2)).swapaxes(0, 1)
            )
    for target in batch:
        yield target, np.concatenate(rows[target.name]), np.concatenate(wanted[target.name])


def most_rows(target: Target) -> int:
    """How many rows of a layer are held: fewer of wide ones."""
    width = target.matrix.groups * inputs.columns_of(target.matrix) + inputs.channels_of(target.matrix)
    return int(np.clip(_LAYER_BYTES // (4 * width), 64, _MOST_ROWS))


def _problem(context: Context, target: Target, rows: Floats32, wanted: Floats32) -> "Problem":
    from portproof.calibration.rounding.adaround import Problem

    old, matrix = context.plan.weights[target.name], target.matrix
    columns = np.ascontiguousarray(matrix.columns(context.weight(target.name)), np.float32)
    spread = grid_of(old).spread(matrix_of_scales(matrix, old), columns.shape[2])
    outputs = columns.shape[:2]
    exact, now = context.bias(target.name), old.bias
    # The bias that the layer has now, and the output that its float bias would make.
    bias = np.zeros(outputs, np.float32) if now is None else now.reshape(outputs)
    shift = bias if exact is None else bias - exact.reshape(outputs)
    return Problem(
        columns=columns,
        integers=np.ascontiguousarray(matrix.columns(old.integers)),
        spread=np.ascontiguousarray(spread, np.float32),
        rows=rows,
        wanted=wanted - shift,
        bias=bias,
        clip=context.plan.layers[target.name].clip or (-np.inf, np.inf),
    )
