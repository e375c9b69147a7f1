"""The page of `portproof export`: parity of every file, what integers cost, warnings."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from portproof.exporter.report.html.page import Page, Section

if TYPE_CHECKING:
    from portproof.exporter.report.parts import Finding
    from portproof.exporter.report.report import Agreement, Quantization, QuantizationStep, Report, Sqnr


def exported_page(report: "Report") -> Page:
    """The page of one export, from what `report.json` holds."""
    count = len({each.file for each in report.parity})
    files = f"{count} file{'' if count == 1 else 's'}"
    verdict = f"{files}, every gate met" if report.passed else f"{files}, a gate FAILED"
    sections = [_parity(report)]
    sections += [section for each in report.quantization for section in _quantization(each)]
    sections += [_findings("Findings", report.messages)] if report.messages else []
    failed = [finding for each in report.parity for finding in each.failed_gates]
    sections += [_findings("Gates that were not met", failed)] if failed else []
    return Page(title=report.name, verdict=verdict, failed=not report.passed, sections=tuple(sections))


def _parity(report: "Report") -> Section:
    rows = [
        (
            each.file,
            each.runtime,
            output.name,
            "yes" if output.passed else "NO",
            _number(output.sqnr_db),
            _number(output.max_abs),
            None if output.top1 is None else f"{output.top1:.2%}",
        )
        for each in report.parity
        for output in each.outputs
    ]
    head = ("file", "run in", "output", "within tolerance", "SQNR dB", "largest error", "top-1 agreement")
    return Section(title="Parity with the source", head=head, rows=rows, right=frozenset({4, 5, 6}))


def _quantization(found: "Quantization") -> Iterator[Section]:
    before = {each.output: each.sqnr_db for each in found.ranges}
    lines = (
        f"Recipe {found.recipe} for {found.unit}, on {found.samples} samples ({found.held_back} held back): "
        f"{found.layers} layers with integer weights.",
        *(agreement_lines(found.agreement) if found.agreement else ()),
    )
    rows = [(each.output, _number(before.get(each.output)), _number(each.sqnr_db)) for each in found.written]
    head = ("output", "ranges alone, SQNR dB", "written, SQNR dB")
    yield Section(
        title=f"In integers: {found.signature_key}", lines=lines, head=head, rows=rows, right=frozenset({1, 2})
    )
    steps = [_step(step) for step in found.steps]
    if steps:
        yield Section(
            title="Steps, each kept only where it helps",
            head=("step", "gain dB", "kept", "reverted"),
            rows=steps,
            right=frozenset({1, 2, 3}),
        )
    counts = Counter((node.operator, node.why) for node in found.float_nodes)
    if counts:
        floats = [(operator, count, why) for (operator, why), count in counts.most_common()]
        yield Section(title="In float", head=("operator", "nodes", "because"), rows=floats, right=frozenset({1}))


def agreement_lines(found: "Agreement") -> Iterator[str]:
    """Sentences on LiteRT and ONNX Runtime on one QDQ model, whole and layer by layer."""
    for name, steps in found.outputs.items():
        yield (
            f"LiteRT and ONNX Runtime, integer kernels, {found.samples} samples: {steps.within_one:.2%} of {name} "
            f"at most one step apart, {steps.most} at most"
        )
    if found.layers is None:
        yield f"layers were not compared one by one: {found.left_out}"
        return
    yield (
        f"each of {found.compared_layers} layers on the same integers: {found.layers.within_one:.2%} at most one step "
        f"apart ({found.layers.apart:,} of {found.layers.values:,} values differ, by {found.layers.most} at most)"
    )


def _step(step: "QuantizationStep") -> tuple[str, str, int, int]:
    kept = sum(layer.kept for layer in step.layers)
    return step.name, f"{_mean(step.after) - _mean(step.before):+.2f}", kept, len(step.layers) - kept


def _findings(title: str, found: "tuple[Finding, ...] | list[Finding]") -> Section:
    rows = [(each.code, each.what, each.why, each.hint) for each in found]
    return Section(title=title, head=("code", "what", "why", "what to do"), rows=rows)


def _mean(found: "tuple[Sqnr, ...]") -> float:
    return sum(each.sqnr_db for each in found) / max(1, len(found))


def _number(value: float | str | None) -> str | None:
    return value if value is None or isinstance(value, str) else f"{value:.4g}"
