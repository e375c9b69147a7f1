"""``--min-sqnr``, ``--max-drop``, ``--metric``, ``--max-size``, ``--max-latency``: what a mix has to meet."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from portproof.cli.table import size_text, table
from portproof.device_profiles.errors import PortproofError

if TYPE_CHECKING:
    from portproof.calibration.report import QuantizationReport
    from portproof.calibration.sensitivity.goal import Goal
    from portproof.calibration.sensitivity.pace import Pace
    from portproof.calibration.sensitivity.timing import Timing

_Command = TypeVar("_Command", bound=Callable[..., Any])
_MEGABYTE = 1_000_000
_MOST_LAYERS = 40
_FORMS = {
    "dynamic": "int8, inputs when running",
    "int16": "int16 activations",
    "weight_only": "int8 weights, in float",
    "float16": "float16 weights, in float",
    "float32": "float32",
}

_OPTIONS = (
    click.option(
        "--min-sqnr",
        type=float,
        metavar="DB",
        help="Find the cheapest mix of int8, dynamic int8, int8 or float16 weights and float with this SQNR at least.",
    ),
    click.option(
        "--max-drop", type=float, metavar="AMOUNT", help="The same, with --metric at most this much below float's."
    ),
    click.option(
        "--metric",
        metavar="FILE.py:FUNCTION",
        help="Called with run(inputs) -> outputs, returns a number, the higher the better.",
    ),
    click.option("--max-size", type=float, metavar="MB", help="The same, with at most so many megabytes of weights."),
    click.option("--max-latency", type=float, metavar="MS", help="The same, predicted for -d DEVICE."),
    click.option(
        "--untimed",
        is_flag=True,
        help="Do not time mixes against the float model on this machine: the same mix on every machine, maybe slower.",
    ),
)


def bounds(command: _Command) -> _Command:
    """Adds the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def goal(
    options: dict[str, Any], pace: "Callable[[], Pace]", timing: "Callable[[], Timing | None]" = lambda: None
) -> "Goal | None":
    """What they ask for, taken out of a command's options; None where none was given.

    Args:
        options: of the command.
        pace: predicts latencies, where one is bounded.
        timing: times mixes of a bounded accuracy, where no latency is predicted and ``untimed`` is not asked for.

    Raises:
        PortproofError: ``E-USAGE``: a drop without a metric, a metric without a drop, a bound below 0; as `pace`.
    """
    names = ("min_sqnr", "max_drop", "metric", "max_size", "max_latency")
    min_sqnr, max_drop, metric, max_size, max_latency = (options.pop(name) for name in names)
    untimed = options.pop("untimed", False)
    if (metric is None) != (max_drop is None):
        missing = "--max-drop" if max_drop is None else "--metric"
        raise PortproofError("E-USAGE", f"{missing} is missing", why="--metric and --max-drop belong together")
    if min_sqnr is max_drop is max_size is max_latency is None:
        return None
    from portproof.calibration.sensitivity.goal import Goal
    from portproof.calibration.sensitivity.targets import Targets

    size_bytes = None if max_size is None else round(max_size * _MEGABYTE)
    targets = Targets(min_sqnr_db=min_sqnr, max_drop=max_drop, max_size_bytes=size_bytes, max_latency_ms=max_latency)
    timed = targets.asks_for_accuracy and max_latency is None and not untimed
    return Goal(
        targets=targets,
        metric=metric or "",
        pace=None if max_latency is None else pace(),
        timing=timing() if timed else None,
    )


def frontier_table(report: "QuantizationReport") -> str:
    """A row for each mix on the frontier, the chosen one marked; "" where none was searched for."""
    if report.mix is None:
        return ""
    chosen = report.mix["chosen"]
    rows = [
        (
            "*" if point["mix"] == chosen["mix"] else "",
            ", ".join(f"{count} {precision}" for precision, count in point["counts"].items()),
            "exact" if point["sqnr_db"] is None else f"{point['sqnr_db']:.1f}",
            size_text(point["size_bytes"]),
            f"{point['bit_operations'] / 1e9:.2f}",
            "-" if point["latency_ms"] is None else f"{point['latency_ms']:.3g}",
            "-" if point["drop"] is None else f"{point['drop']:.4g}",
        )
        for point in report.mix["frontier"]
    ]
    head = ("", "mix of layers", "SQNR dB", "weights", "G bit operations", "predicted ms", "metric's drop")
    return table(head, rows, right=range(2, 7))


def layers_table(report: "QuantizationReport") -> str:
    """A row for each layer of a mix that is not int8, by name; "" where all are, or no mix was searched for."""
    if not report.mix or not report.mix["layers"]:
        return ""
    layers = report.mix["layers"]
    rows = [(each["name"], each["op_type"], _FORMS[each["precision"]], each["why"]) for each in layers[:_MOST_LAYERS]]
    counts = ", ".join(f"{count} {precision}" for precision, count in report.mix["layer_counts"].items())
    text = f"layers: {counts}\n{table(('layer', 'operator', 'instead of int8', 'because'), rows)}"
    left = len(layers) - len(rows)
    return f"{text}\nand {left} more layers: --json, --html" if left else text


def task_line(report: "QuantizationReport") -> str:
    """The user's metric of the float model and of the file that was written; "" without one."""
    found = report.mix["metric"] if report.mix else None
    if not found:
        return ""
    return (
        f"{found['name']}: {found['written']:.6g}, of the float model {found['float']:.6g} "
        f"(ONNX Runtime, inputs: {found['inputs']})"
    )
