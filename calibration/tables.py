"""Tables that rows are taken from (embeddings) stored as int8, a scale for each row, where the outputs hardly notice.

A table does no arithmetic, and is often most of a language model. The guard judges it as it judges steps, the other way
round: it gains bytes, and may cost little.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from portproof.calibration.accuracy import Accuracy
from portproof.calibration.build import rounded
from portproof.calibration.graph.access import attribute, constant, is_constant, shape_of
from portproof.calibration.guard import Guarded, Verdict
from portproof.calibration.place.sites import is_float
from portproof.calibration.plan import LayerWeights, Plan
from portproof.calibration.rounding import weight_scales
from portproof.calibration.rounding.grid import WeightGrid
from portproof.calibration.workspace import Workspace

if TYPE_CHECKING:
    import onnx_ir as ir

NAME = "int8 tables"
_MOST_LOSS_DB = 0.3  # of all tables together: 3 % more noise, for what is often most of the bytes
_LEAST_ELEMENTS = 1 << 14


def find(model: "ir.Model") -> "dict[str, tuple[ir.Node, ...]]":
    """The nodes that take rows, by the name of their table; the largest table first.

    A table is a constant float32 matrix that nothing else reads. Rows that are always the same are no table's:
    converters keep these alone.
    """
    found = {}
    values = sorted(model.graph.initializers.values(), key=lambda value: -math.prod(shape_of(value) or ()))
    for value in values:
        shape = shape_of(value)
        if shape is None or len(shape) != 2 or math.prod(shape) < _LEAST_ELEMENTS or not is_constant(value):
            continue
        readers = tuple(use.node for use in value.uses())
        if readers and is_float(value) and all(_takes_rows(node, value, model) for node in readers):
            found[value.name or ""] = readers
    return found


def _takes_rows(node: "ir.Node", table: "ir.Value", model: "ir.Model") -> bool:
    by_row = node.op_type == "Gather" and node.domain in ("", "ai.onnx") and attribute(node, "axis", 0) == 0
    return by_row and node.graph is model.graph and node.inputs[0] is table and not is_constant(node.inputs[1])


def stored(model: "ir.Model", name: str) -> LayerWeights:
    """A table [rows, columns] rounded to nearest: int8 in [-127, 127], a scale for each row."""
    table = np.asarray(constant(model.graph.initializers[name]), np.float32)
    scale = weight_scales.minmax(table[None], WeightGrid(bits=8)).reshape(-1)
    return rounded(table, scale, 0, None)


def keep_tables(workspace: Workspace, *, in_rows: bool) -> tuple[Accuracy, Guarded]:
    """Store each table in int8 whose rounding costs no output of the model, on samples held back, 0.3 dB.

    Args:
        workspace: with the plan so far.
        in_rows: whether dynamic layers have a scale for each row where they will run: beside the noise that they have
            there a table's must be small.

    Returns:
        The accuracy without, and the plan with the tables kept; of the others the nodes that read them are told as
        float.
    """
    reached = workspace.accuracy(workspace.plan, in_rows=in_rows)
    plan, accuracy, verdicts = workspace.plan, reached, []
    for name, readers in find(workspace.model).items():
        tried = replace(plan, tables={**plan.tables, name: stored(workspace.model, name)})
        found = workspace.accuracy(tried, in_rows=in_rows)
        lost = max((reached.outputs[output] - own for output, own in found.outputs.items()), default=0.0)
        kept = lost < _MOST_LOSS_DB
        why = "" if kept else f"its table in int8 costs an output {lost:.2f} dB"
        verdicts.append(Verdict(layer=name, kept=kept, before_db=accuracy.mean_db, after_db=found.mean_db, why=why))
        plan, accuracy = (tried, found) if kept else (_told(plan, readers, why), accuracy)
    return reached, Guarded(plan=plan, accuracy=accuracy, verdicts=tuple(verdicts))


def leave_tables(workspace: Workspace, why: str) -> Plan:
    """The plan, all tables told as float for a reason."""
    plan = workspace.plan
    for readers in find(workspace.model).values():
        plan = _told(plan, readers, why)
    return plan


def _told(plan: Plan, readers: "tuple[ir.Node, ...]", why: str) -> Plan:
    reasons: Mapping[str, str] = {node.name or "": why for node in readers}
    return replace(plan, why_float={**plan.why_float, **reasons})
