"""`portproof quantize MODEL.onnx --calib DATA`: a float ONNX model becomes a QDQ one."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portproof.cli.bounds import bounds, frontier_table, goal, layers_table, task_line
from portproof.cli.options import profile_options
from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.quantization import float_table, outputs_table, steps_table
from portproof.cli.table import size_text
from portproof.runtimes.progress import Progress

if TYPE_CHECKING:
    from portproof.calibration import Quantized


@click.command("quantize")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL.onnx")
@click.option(
    "--calib",
    "data",
    required=True,
    metavar="DATA",
    help="Calibration data: a folder or file of .npz/.npy, an image folder (photos/?size=224&mean=...), or "
    "file.py:function that yields dicts.",
)
@click.option(
    "--recipe",
    default="default",
    show_default=True,
    help="fast, default, thorough, w8a16, dynamic or weight-only: docs/quantization.md says what each does.",
)
@click.option("-d", "--device", metavar="DEVICE", help="Place it for this device, or unit. [LiteRT on any CPU]")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="[MODEL.int8.onnx]")
@click.option(
    "--table",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.npz",
    help="Statistics: gone on with where the file exists, written at the end and on Ctrl-C.",
)
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Processes that watch samples.")
@click.option("--seed", default=0, show_default=True, help="Seed of all that is drawn.")
@click.option(
    "--integer",
    "integers",
    multiple=True,
    metavar="NODE",
    help="Compute this node, or every node of this operator (Softmax), in integers where the unit can, whatever its "
    "conversions cost; may be given again.",
)
@click.option("--float", "apart", multiple=True, metavar="NODE", help="Keep this node in float; may be given again.")
@click.option(
    "--processor",
    default="",
    metavar="ARCH",
    help="Where it will run (x86_64, aarch64): layers known to be slower in integers there stay float.",
)
@profile_options
@bounds
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A page: the frontier as a plot, steps, what stays in float.",
)
@prints_outcome
def command(
    model: Path,
    data: str,
    out: Path | None,
    device: str | None,
    profiles: tuple[Path, ...],
    overrides: tuple[str, ...],
    progress: Progress,
    **options: Any,
) -> Outcome:
    """Quantize MODEL.onnx: int8 weights and activations on DATA's ranges, each step kept only where it helps."""
    from portproof.calibration import quantize
    from portproof.calibration.sensitivity.predicted import pace
    from portproof.device_profiles.integer_kernels import unit_of
    from portproof.exporter.clock import host_timing
    from portproof.exporter.report.html.page import save
    from portproof.exporter.report.html.quantized import quantized_page
    from portproof.runtimes.whole_file import require_writable

    path, html = out or model.with_suffix(".int8.onnx"), options.pop("html")
    if html is not None:
        require_writable(html)
    unit = unit_of(device, profile_path=profiles, overrides=overrides)
    named = device or next(map(str, profiles), "")
    with ExitStack() as stack:
        timing = host_timing(model, unit, progress, device=named, processor=options["processor"])
        wanted = goal(options, lambda: pace(model, named or None, unit), lambda: stack.enter_context(timing))
        result = quantize(model, path, data, progress=progress, goal=wanted, device=unit, **options)
    if html is not None:
        save(quantized_page(result.report, model.name), html)
    return Outcome(
        data={"file": str(path), **result.report.as_dict()},
        text=_text(result),
        epilogue=_epilogue(result, model),
    )


def _text(result: "Quantized") -> str:
    report = result.report
    mix = (task_line(report), frontier_table(report), layers_table(report))
    parts = (outputs_table(report), *mix, steps_table(report), float_table(report))
    return "\n\n".join(part for part in parts if part)


def _epilogue(result: "Quantized", model: Path) -> str:
    report = result.report
    before, after = size_text(model.stat().st_size), size_text(result.path.stat().st_size)
    return (
        f"wrote {result.path} ({after}, the float file has {before}): {report.layers} layers with integer weights, "
        f"{report.integer_nodes} nodes in integers for {report.unit}\n"
        f"next: portproof export {result.path}"
    )
