"""The page of `portproof quantize`: the frontier, what steps gained, what stays in float."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portproof.exporter.report.html.frontier import Dot, frontier_svg
from portproof.exporter.report.html.page import Page, Section

if TYPE_CHECKING:
    from portproof.calibration.report import QuantizationReport

_WORST = 20
_GIGA, _MEGA = 1e9, 1e6


def quantized_page(report: "QuantizationReport", name: str) -> Page:
    """The page of one quantized model.

    Args:
        report: of the run.
        name: of the model's file.
    """
    verdict = (
        f"recipe {report.recipe} for {report.unit}, on {report.samples} samples ({report.held_back} held back): "
        f"{report.layers} layers with integer weights, {report.integer_nodes} nodes in integers"
    )
    sections = [
        _outputs(report),
        *_mix(report.mix),
        *_layers(report.mix),
        *_steps(report),
        *_floats(report),
        *_messages(report),
    ]
    return Page(title=f"{name} in integers", verdict=verdict, sections=tuple(sections))


def _outputs(report: "QuantizationReport") -> Section:
    rows = [(name, _db(report.ranges.outputs.get(name)), _db(value)) for name, value in report.accuracy.outputs.items()]
    head = ("output", "ranges alone, SQNR dB", "written, SQNR dB")
    return Section(title="Outputs, on the samples held back", head=head, rows=rows, right=frozenset({1, 2}))


def _mix(mix: Mapping[str, Any] | None) -> list[Section]:
    if mix is None:
        return []
    exact = [point for point in mix["frontier"] if point["sqnr_db"] is None]
    points = [point for point in mix["frontier"] if point["sqnr_db"] is not None]
    chosen = (mix["chosen"] or {}).get("mix")
    dots = [
        Dot(
            cost=point["bit_operations"] / _GIGA,
            sqnr_db=point["sqnr_db"],
            label=counts_text(point["counts"]),
            chosen=point["mix"] == chosen,
        )
        for point in points
    ]
    lines = ["Mixes of precisions that were run and that no other one beats; before the steps of the recipe."]
    lines += [_task(mix["metric"])] if mix["metric"] else []
    lines += (
        [f"{len(mix['set_aside'])} mixes were set aside: not faster than the float model where they were timed."]
        if mix["set_aside"]
        else []
    )
    lines += ["Exact, and therefore not in the plot: " + counts_text(exact[0]["counts"])] if exact else []
    rows = [
        (
            "chosen" if point["mix"] == chosen else "",
            counts_text(point["counts"]),
            "exact" if point["sqnr_db"] is None else _db(point["sqnr_db"]),
            f"{point['size_bytes'] / _MEGA:.2f}",
            f"{point['bit_operations'] / _GIGA:.2f}",
            None if point["latency_ms"] is None else f"{point['latency_ms']:.3g}",
            None if point["drop"] is None else f"{point['drop']:.4g}",
        )
        for point in mix["frontier"]
    ]
    head = ("", "layers", "SQNR dB", "weights MB", "G bit operations", "predicted ms", "metric's drop")
    frontier = Section(
        title="Frontier",
        lines=tuple(lines),
        svg=frontier_svg(dots, "10^9 bit operations of one run", (mix.get("targets") or {}).get("min_sqnr_db")),
        head=head,
        rows=rows,
        right=frozenset(range(2, 7)),
    )
    worst = [(each["item"], each["precision"], _alone(each)) for each in mix["ranking"][:_WORST]]
    table = ("layer", "precision", "SQNR dB of the outputs")
    return [
        frontier,
        Section(title="What hurts most, each alone", head=table, rows=worst, right=frozenset({2})),
    ]


def _alone(effect: Mapping[str, Any]) -> str | None:
    return f"{_db(effect['sqnr_db'])} (estimated)" if effect.get("estimated") else _db(effect["sqnr_db"])


def _task(metric: Mapping[str, Any]) -> str:
    return f"{metric['name']}: {metric['written']:.6g} as written, {metric['float']:.6g} of the float model."


def _layers(mix: Mapping[str, Any] | None) -> list[Section]:
    """What is not int8, layer by layer."""
    if mix is None or not mix["layers"]:
        return []
    rows = [(each["name"], each["op_type"], each["precision"], each["where"], each["why"]) for each in mix["layers"]]
    head = ("layer", "operator", "precision", "where", "because")
    lines = (f"Layers as written: {counts_text(mix['layer_counts'])}.",)
    return [Section(title="Layers that are not int8", lines=lines, head=head, rows=rows)]


def _steps(report: "QuantizationReport") -> list[Section]:
    rows = [(step.name, f"{step.gain_db:+.2f}", step.kept, len(step.verdicts) - step.kept) for step in report.steps]
    head = ("step", "gain dB", "kept", "reverted")
    title = "Steps, each kept only where it helps"
    return [Section(title=title, head=head, rows=rows, right=frozenset({1, 2, 3}))] if rows else []


def _floats(report: "QuantizationReport") -> list[Section]:
    counts = Counter((node.op_type, node.why) for node in report.float_nodes)
    rows = [(op_type, count, why) for (op_type, why), count in counts.most_common()]
    head = ("operator", "nodes", "because")
    return [Section(title="In float", head=head, rows=rows, right=frozenset({1}))] if rows else []


def _messages(report: "QuantizationReport") -> list[Section]:
    rows = [(each.code, each.what, each.where, each.hint) for each in report.messages]
    head = ("code", "what", "where", "what to do")
    return [Section(title="Findings", head=head, rows=rows)] if rows else []


def counts_text(counts: Mapping[str, int]) -> str:
    """``41 int8, 9 dynamic``."""
    return ", ".join(f"{count} {precision}" for precision, count in counts.items())


def _db(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"
