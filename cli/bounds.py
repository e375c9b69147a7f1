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

_Command = TypeVar("_Command", bound=Callable[..., Any])
_MEGABYTE = 1_000_000

_OPTIONS = (
    click.option(
        "--min-sqnr",
        type=float,
        metavar="DB",
        help="Find the cheapest mix of int8, dynamic int8, int8 weights and float with this SQNR at least.",
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
)


def bounds(command: _Command) -> _Command:
    """Adds the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def goal(options: dict[str, Any], pace: "Callable[[], Pace]") -> "Goal | None":
    """What they ask for, taken out of a command's options; None where none was given.

    Args:
        options: of the command.
        pace: predicts latencies, where one is bounded.

    Raises:
        PortproofError: ``E-USAGE``: a drop without a metric, a metric without a drop, a bound below 0; as `pace`.
    """
    names = ("min_sqnr", "max_drop", "metric", "max_size", "max_latency")
    min_sqnr, max_drop, metric, max_size, max_latency = (options.pop(name) for name in names)
    if (metric is None) != (max_drop is None):
        missing = "--max-drop" if max_drop is None else "--metric"
        raise PortproofError("E-USAGE", f"{missing} is missing", why="--metric and --max-drop belong together")
    if min_sqnr is max_drop is max_size is max_latency is None:
        return None
    from portproof.calibration.sensitivity.goal import Goal
    from portproof.calibration.sensitivity.targets import Targets

    size_bytes = None if max_size is None else round(max_size * _MEGABYTE)
    targets = Targets(min_sqnr_db=min_sqnr, max_drop=max_drop, max_size_bytes=size_bytes, max_latency_ms=max_latency)
    return Goal(targets=targets, metric=metric or "", pace=None if max_latency is None else pace())


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
        )
        for point in report.mix["frontier"]
    ]
    head = ("", "mix of layers", "SQNR dB", "weights", "G bit operations", "predicted ms")
    return table(head, rows, right=range(2, 6))
