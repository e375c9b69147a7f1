"""Cases of LSTM, GRU and RNN, many in one model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tests.exporter.coreml.harness import run
from tests.exporter.coreml.ops.movement_support import Case, case, cases_model, check_cases
from tests.exporter.tflite.ops.recurrent_support import INPUTS, OUTPUTS, weights
from tests.exporter.tflite.ops.samples import normal

Arrays = Mapping[str, np.ndarray]
X = normal(4, 2, 3)


def layer(op: str, held: Arrays | None = None, *, at_run_time: Sequence[str] = ("x",), **options: Any) -> Case:
    """A node; `held` are its constants by the names of the schema, `at_run_time` the inputs that the models share."""
    constants = weights(op) if held is None else dict(held)
    names = [name if name in constants or name in at_run_time else "-" for name in INPUTS]
    while names[-1] == "-":
        names.pop()
    units = constants["r"].shape[-1] if "r" in constants else 4
    return case(op, " ".join(names), outputs=len(OUTPUTS[op]), constants=constants, hidden_size=units, **options)


def agrees(cases: Sequence[Case], inputs: Arrays | None = None, **options: Any) -> None:
    """In float32 and float16."""
    check_cases(cases, inputs or {"x": X}, **{"rtol": 1e-4, "atol": 1e-6, **options})


def counts(one: Case, inputs: Arrays | None = None, **options: Any) -> Mapping[str, int]:
    """The operators that a case becomes."""
    _, written = run(cases_model([one], inputs or {"x": X}), inputs or {"x": X}, **options)
    return written.op_counts
