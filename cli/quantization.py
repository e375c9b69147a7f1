"""Tables of what quantization did."""

from collections import Counter
from typing import TYPE_CHECKING

from portproof.cli.table import table

if TYPE_CHECKING:
    from portproof.calibration.report import QuantizationReport


def outputs_table(report: "QuantizationReport") -> str:
    """A row for each output: SQNR with ranges alone, and of the file that was written."""
    head = ("output", "ranges alone, SQNR dB", "written, SQNR dB")
    rows = [(name, _db(report.ranges.outputs.get(name)), _db(value)) for name, value in report.accuracy.outputs.items()]
    return table(head, rows, right=(1, 2))


def steps_table(report: "QuantizationReport") -> str:
    """A row for each step that was tried; "" where there was none."""
    if not report.steps:
        return ""
    head = ("step", "gain dB", "kept", "reverted", "seconds")
    rows = [
        (step.name, f"{step.gain_db:+.2f}", step.kept, len(step.verdicts) - step.kept, f"{step.seconds:.1f}")
        for step in report.steps
    ]
    return table(head, rows, right=range(1, 5))


def float_table(report: "QuantizationReport") -> str:
    """What stays float, a row for each operator and reason; "" where nothing does."""
    if not report.float_nodes:
        return ""
    counts = Counter((node.op_type, node.why) for node in report.float_nodes)
    rows = [(op_type, count, why) for (op_type, why), count in counts.most_common()]
    return table(("in float", "nodes", "because"), rows, right=(1,))


def _db(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
