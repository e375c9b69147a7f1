"""`portproof export MODEL`: port it, prove it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portproof.cli.options import gate_options, source_options, split_commas
from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.table import size_text, table
from portproof.cli.tables import parity_table, reasons, stages_table
from portproof.exporter.progress import Progress
from portproof.runtimes.dims import text_of

if TYPE_CHECKING:
    from portproof.exporter.pipeline import ExportResult


@click.command("export")
@click.argument("model")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    callback=split_commas,
    metavar="tflite,onnx",
    help="What to write; the devices' targets when left out, else both.",
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
@source_options
@gate_options
@prints_outcome
def command(model: str, progress: Progress, **options: Any) -> Outcome:
    """Convert MODEL, run what was written in its real runtime, and prove that it computes the same.

    MODEL is file.py:factory, package.module:factory, model.pt2 or model.onnx. A factory returns a module, or
    (module, example_inputs).
    """
    from portproof.exporter.pipeline import export

    result = export(model, progress=progress, **options)
    report = result.report
    return Outcome(
        data={"out_dir": str(result.out_dir), "report": report.model_dump(mode="json")},
        text=_text(result),
        messages=result.failed,
        status=result.exit_status,
        epilogue=_epilogue(result),
    )


def _text(result: "ExportResult") -> str:
    stages = {str(stage.name): stage.operators for stage in result.report.stages}
    return "\n\n".join((stages_table(stages), parity_table(result.proofs), reasons(result.proofs)))


def _epilogue(result: "ExportResult") -> str:
    out = result.out_dir
    rows = [(f"  {out / file.path}", size_text(file.bytes)) for file in result.report.artifacts]
    rows += [
        (f"  {out / name}", "") for name in ("report.json", "manifest.json", f"golden ({len(result.manifest.golden)})")
    ]
    runtimes = ", ".join(sorted({proof.runtime for proof in result.proofs}))
    at = "; ".join(text_of(sizes) for sizes in result.report.data.sizes)
    verdict = "FAILED" if result.failed else "proven"
    samples = f"{result.report.data.samples} {'random ' if result.report.data.kind == 'random' else ''}samples"
    return "\n".join(
        (
            f"wrote, and {verdict} on {samples} in {runtimes}{f', at {at}' if at else ''}:",
            table(("", ""), rows).lstrip("\n"),
            f"next: portproof verify {out}   portproof bench {out / result.report.artifacts[0].path}",
        )
    )
