"""Tables of what quantization did."""

from collections import Counter
from typing import TYPE_CHECKING

from portproof.cli.table import table
from portproof.exporter.report.html.exported import agreement_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portproof.calibration.report import QuantizationReport
    from portproof.exporter.report.report import Quantization, Sqnr

_MOST_NAMES = 3


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
    names: dict[tuple[str, str], list[str]] = {}
    for node in report.float_nodes:
        names.setdefault((node.op_type, node.why), []).append(node.name)
    most_first = sorted(names.items(), key=lambda row: -len(row[1]))
    rows = [(op_type, len(found), _some(found), why) for (op_type, why), found in most_first]
    return table(("in float", "nodes", "names", "because"), rows, right=(1,))


def _some(names: "Sequence[str]") -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")


def exported(found: "Quantization") -> str:
    """What became of one function of an export: its steps, its outputs, what stays in float."""
    head = (
        f"in integers by the recipe {found.recipe} for {found.unit}, on {found.samples} samples "
        f"({found.held_back} held back): {found.layers} layers with integer weights"
    )
    before = {each.output: each.sqnr_db for each in found.ranges}
    outputs = [(each.output, _db(before.get(each.output)), _db(each.sqnr_db)) for each in found.written]
    steps = [
        (step.name, f"{_mean(step.after) - _mean(step.before):+.2f}", kept, len(step.layers) - kept)
        for step in found.steps
        for kept in [sum(layer.kept for layer in step.layers)]
    ]
    counts = Counter((node.operator, node.why) for node in found.float_nodes)
    floats = [(operator, count, why) for (operator, why), count in counts.most_common()]
    parts = [head, table(("output", "ranges alone, SQNR dB", "written, SQNR dB"), outputs, right=(1, 2))]
    parts += [table(("step", "gain dB", "kept", "reverted"), steps, right=range(1, 4))] if steps else []
    parts += [table(("in float", "nodes", "because"), floats, right=(1,))] if floats else []
    parts += agreement_lines(found.agreement) if found.agreement else []
    return "\n".join(parts)


def _mean(found: "Sequence[Sqnr]") -> float:
    return sum(each.sqnr_db for each in found) / max(1, len(found))


def _db(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
