"""`portproof export MODEL`: port it, prove it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portproof.cli.options import LINE, gate_options, profile_options, source_options, split_commas
from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.quantization import exported
from portproof.cli.table import size_text, table
from portproof.cli.tables import parity_table, reasons, stages_table
from portproof.exporter.progress import Progress
from portproof.runtimes.dims import text_of

if TYPE_CHECKING:
    from portproof.exporter.pipeline import ExportResult
    from portproof.exporter.report.report import CoreMLPackage, Data, NeuralEngine, Report, Stage


@click.command("export")
@click.argument("model", nargs=-1, required=True, metavar="MODEL|NAME=MODEL...")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    callback=split_commas,
    metavar="tflite,onnx,coreml,coreai",
    help="What to write; the devices' targets when left out, else tflite and onnx.",
)
@click.option("-d", "--device", "devices", multiple=True, help="A device of `portproof devices list`, or a .toml file.")
@click.option("-o", "--out", "out_dir", type=click.Path(path_type=Path), help="Folder to write [build/<name>].")
@click.option(
    "--io-layout",
    type=click.Choice(["auto", "keep"]),
    default="auto",
    show_default=True,
    help="auto: images channels-last in TFLite where it saves transposes; keep: ONNX's shapes.",
)
@click.option("--fp16", is_flag=True, help="Store the TFLite file's weights as float16: half the bytes.")
@click.option(
    "--coreml-target",
    metavar="iOS15..iOS18",
    default="",
    help="The oldest Apple release that must run the Core ML package; the devices', else iOS16.",
)
@click.option(
    "--coreml-precision",
    type=click.Choice(["float16", "float32"]),
    default="float16",
    show_default=True,
    help="What the Core ML package computes in; float16 keeps in float32 what needs it.",
)
@click.option(
    "--coreml-weights",
    metavar="int8|int4:block=32|palette4|sparse",
    default="",
    help="Store the Core ML package's weights smaller: docs/coreml.md has the forms.",
)
@click.option("--int8", "int8", is_flag=True, help="Write every target in integers too: --quant default.")
@click.option(
    "--quant",
    metavar="RECIPE",
    default="",
    help="Quantize by a recipe: fast, default, thorough, w8a16, dynamic or weight-only: see docs/quantization.md.",
)
@click.option(
    "--calib",
    multiple=True,
    type=LINE,
    metavar="[SIGNATURE=]DATA",
    help="What to quantize on, as --data; --data when left out.",
)
@click.option(
    "--labels",
    multiple=True,
    type=LINE,
    metavar="[OUTPUT=]FILE",
    help="Names of an output's classes, a line each; they travel with the TFLite file.",
)
@click.option(
    "--score-threshold",
    "score_thresholds",
    multiple=True,
    metavar="[OUTPUT=]0.5",
    help="Scores below mean nothing; for the TFLite file's metadata.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What report.json holds as a page, beside the folder.",
)
@profile_options
@source_options
@gate_options
@prints_outcome
def command(model: tuple[str, ...], progress: Progress, int8: bool, **options: Any) -> Outcome:
    """Convert MODEL, run what was written in its real runtime, and prove that it computes the same.

    MODEL is file.py:factory, package.module:factory, model.pt2 or model.onnx. A factory returns a module, or
    (module, example_inputs). Several functions share one TFLite file, a signature each: encode=enc.onnx
    decode=dec.onnx, or a factory that returns a mapping of them by name; their inputs and outputs are then named
    SIGNATURE:NAME.
    """
    from portproof.exporter.pipeline import export
    from portproof.exporter.report.html.exported import exported_page
    from portproof.exporter.report.html.page import save
    from portproof.runtimes.whole_file import require_writable

    html = options.pop("html")
    if html is not None:
        require_writable(html)
    options["quant"] = options["quant"] or ("default" if int8 else "")
    result = export(model, progress=progress, **options)
    report = result.report
    if html is not None:
        save(exported_page(report), html)
    return Outcome(
        data={"out_dir": str(result.out_dir), "report": report.model_dump(mode="json")},
        text=_text(result),
        messages=result.failed,
        status=result.exit_status,
        epilogue=_epilogue(result),
    )


def _text(result: "ExportResult") -> str:
    each = {function.signature_key: function.stages for function in result.report.functions}
    stages = each or {"": result.report.stages}
    tables = [_stages(key, found) for key, found in stages.items()]
    kept = [_kept(package) for package in result.report.coreml if package.float32_operators]
    engines = [_engine(package.file, engine) for package in result.report.coreml for engine in package.neural_engine]
    integers = [exported(each) for each in result.report.quantization]
    return "\n\n".join((*tables, *integers, parity_table(result.proofs), reasons(result.proofs), *kept, *engines))


def _engine(file: str, engine: "NeuralEngine") -> str:
    """What is likely of a device's Neural Engine, and first of all that it is only that."""
    share = "" if engine.macs_share is None else f", {engine.macs_share:.0%} of the multiply-accumulates"
    total = engine.likely + engine.unlikely + engine.unsure
    head = (
        f"{file} on the Neural Engine of {engine.device} ({engine.chip}), {engine.caution}:\n"
        f"likely {engine.likely} of {total} operators{share}, in {engine.parts} part{'s' if engine.parts > 1 else ''}"
    )
    rows = [(each.operator, each.type, each.verdict, each.where, "; ".join(each.why)) for each in engine.elsewhere[:12]]
    return f"{head}\n{table(('operator', 'type', '', 'from', 'why'), rows)}" if rows else head


def _kept(package: "CoreMLPackage") -> str:
    rows = [(kept.operator, kept.type, kept.where, kept.why) for kept in package.float32_operators]
    return f"{package.file} keeps in float32:\n" + table(("operator", "type", "from", "why"), rows)


def _stages(key: str, stages: "Sequence[Stage]") -> str:
    head = f"{key}:\n" if key else ""
    return head + stages_table({str(stage.name): stage.operators for stage in stages})


def _epilogue(result: "ExportResult") -> str:
    out = result.out_dir
    rows = [(f"  {out / name}", size_text(size)) for name, size in _sizes(result.report).items()]
    rows += [
        (f"  {out / name}", "") for name in ("report.json", "manifest.json", f"golden ({len(result.manifest.golden)})")
    ]
    runtimes = ", ".join(sorted({proof.runtime for proof in result.proofs}))
    at = "; ".join(text_of(sizes) for data in _data(result.report) for sizes in data.sizes)
    verdict = "FAILED" if result.failed else "proven"
    samples = _samples(result.report)
    return "\n".join(
        (
            f"wrote, and {verdict} on {samples} in {runtimes}{f', at {at}' if at else ''}:",
            table(("", ""), rows).lstrip("\n"),
            _next(out, result.report),
        )
    )


def _sizes(report: "Report") -> dict[str, int]:
    """Bytes of each file; a Core ML package or Core AI asset, which is a folder, is one."""
    sizes: dict[str, int] = {}
    for file in report.artifacts:
        first = Path(file.path).parts[0]
        name = first if first.endswith((".mlpackage", ".aimodel")) else file.path
        sizes[name] = sizes.get(name, 0) + file.bytes
    return sizes


def _next(out: Path, report: "Report") -> str:
    """What to do now; the speed of Apple's formats here says nothing of a device."""
    measurable = [file.path for file in report.artifacts if file.target not in ("coreml", "coreai")]
    return f"next: portproof verify {out}" + (f"   portproof bench {out / measurable[0]}" if measurable else "")


def _data(report: "Report") -> "list[Data]":
    return [report.data] if report.data else [function.data for function in report.functions]


def _samples(report: "Report") -> str:
    """How many, and whether they were random."""
    data = _data(report)
    random = "random " if all(part.kind == "random" for part in data) else ""
    return f"{sum(part.samples for part in data)} {random}samples"
