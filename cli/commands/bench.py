"""`portproof bench FILE...`: how fast are model files on this machine."""

from typing import TYPE_CHECKING, Any

import click

from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.table import size_text, table
from portproof.exporter.progress import Progress

if TYPE_CHECKING:
    from portproof.device_profiles.cost.predict import Prediction
    from portproof.runtimes.bench import BenchResult, FileTiming
    from portproof.runtimes.memory.memory_plan import MemoryPlan
    from portproof.runtimes.stats import Spread

_SLOWEST = 5


@click.command("bench")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--threads", default=1, show_default=True, help="CPU threads of the runtime; as many CPUs are used.")
@click.option("--loads", default=8, show_default=True, help="How often each file is loaded anew.")
@click.option("--rounds", default=64, show_default=True, help="Samples a file at most, over all loads.")
@click.option("--budget", "budget_s", default=30.0, show_default=True, help="Seconds after which no round begins.")
@click.option("--signature", default="", metavar="NAME", help="Of files that offer several functions: only this one.")
@click.option("--data", default="", metavar="DATA", help="Feed the first sample of DATA; else a random one.")
@click.option("--seed", default=0, show_default=True, help="Seed of the random input.")
@click.option(
    "--kernels",
    type=click.Choice(["default", "reference"]),
    default="default",
    show_default=True,
    help="default: what an app gets; reference: the runtime's plain arithmetic.",
)
@click.option("-d", "--device", "devices", multiple=True, metavar="ID", help="Also predict .onnx FILEs on this device.")
@prints_outcome
def command(files: tuple[str, ...], devices: tuple[str, ...], progress: Progress, **options: Any) -> Outcome:
    """Measure FILEs in turn on this host, and tell whether the others are faster than the first.

    What is measured is this machine, never a device; -d predicts, and says so.
    """
    from portproof.runtimes.bench import BenchOptions, bench

    # First what may be refused: a measurement takes its time, and would be lost.
    found = [(file, one) for file in files for device in devices for one in _predictions(file, device)]
    plans = _plans(files) if devices else {}
    with progress.step(f"measure {len(files)} file{'s' if len(files) > 1 else ''}"):
        result = bench(files, BenchOptions(**options))
    data = result.as_dict() | {"predicted": [_predicted_data(file, one, plans[file]) for file, one in found]}
    text = "\n\n".join((_text(result), *_predicted(files, found, plans))) if devices else _text(result)
    return Outcome(data=data if devices else result.as_dict(), text=text, messages=result.findings)


def _predictions(file: str, device: str) -> "tuple[Prediction, ...]":
    from portproof.device_profiles.cost.predict import predict_known

    return predict_known(file, device) if file.endswith(".onnx") else ()


def _plans(files: tuple[str, ...]) -> "dict[str, MemoryPlan]":
    """The memory of the files that are predicted; it is that of the file, whatever the device."""
    from portproof.runtimes.memory import plan

    return {file: plan(file) for file in files if file.endswith(".onnx")}


def _predicted_data(file: str, found: "Prediction", plan: "MemoryPlan") -> dict[str, Any]:
    planned = {"weight_bytes": plan.weight_bytes, "tensor_bytes": plan.least_bytes, "unknown": list(plan.unknown)}
    return {"file": file} | found.as_dict() | {"planned_memory": planned}


def _predicted(
    files: tuple[str, ...], found: "list[tuple[str, Prediction]]", plans: "dict[str, MemoryPlan]"
) -> list[str]:
    head = ("file", "device", "unit", "runtime", "precision", "predicted ms", "80 % interval", "predicted mJ")
    rows = [
        (
            *(file, one.device, one.unit, one.runtime, one.precision, f"{one.latency_ms:.3f}"),
            *(f"{one.low_ms:.3f} to {one.high_ms:.3f}", "-" if one.energy_mj is None else f"{one.energy_mj:.3f}"),
            *(_planned(plans[file]), "; ".join(one.notes)),
        )
        for file, one in found
    ]
    told = table((*head, "planned memory", ""), rows, right=[5, 7])
    planned = "planned memory: of the file as it is, weights and tensors alive at once; what kernels take comes on top"
    energy = ["predicted mJ: the unit's power in the profile times the predicted time"]
    others = [file for file in files if not file.endswith(".onnx")]
    skipped = [f"not predicted, for a graph is read from .onnx files only: {', '.join(others)}"] if others else []
    known = energy if any(one.energy_mj is not None for _, one in found) else []
    return ["\n".join(("predicted, not measured:", told, planned, *known)), *skipped]


def _planned(plan: "MemoryPlan") -> str:
    unknown = f" and {len(plan.unknown)} tensors of unknown size" if plan.unknown else ""
    return f"{size_text(plan.weight_bytes)} + {size_text(plan.least_bytes)}{unknown}"


def _text(result: "BenchResult") -> str:
    pinned = f", pinned to CPU {', '.join(map(str, result.pinned))}" if result.pinned else ""
    threads = f"{result.threads} thread{'s' if result.threads > 1 else ''}"
    head = ("file", "median ms", "IQR", "noise", "CPU ms", "first ms", "load ms", "peak", "against the first")
    rows = [_row(timing) for timing in result.files]
    return "\n\n".join(
        (
            f"measured on this host, not on a device: {result.host}; {threads}{pinned}",
            table(head, rows, right=range(1, 8)),
            *(_profile(timing) for timing in result.files if timing.profile),
        )
    )


def _row(timing: "FileTiming") -> tuple[str, ...]:
    return (
        f"{timing.file} {timing.signature}".rstrip(),
        f"{timing.wall.median_ms:.3f}",
        f"{timing.wall.iqr_ms:.3f}",
        _noise(timing.wall),
        f"{timing.cpu.median_ms:.3f}",
        f"{timing.first_run_ms:.1f}",
        f"{timing.load_ms:.1f}",
        size_text(timing.peak_bytes),
        _verdict(timing),
    )


def _noise(spread: "Spread") -> str:
    return "-" if spread.noise is None else f"{spread.noise:.1%}"


def _verdict(timing: "FileTiming") -> str:
    found = timing.against_first
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return f"{found.answer} ({found.reason})"
    return f"{found.answer}: {found.ratio:.3f} x [{found.low:.3f}, {found.high:.3f}]"


def _profile(timing: "FileTiming") -> str:
    rows = [(entry["op"], entry["name"], f"{entry['ms']:.3f}") for entry in (timing.profile or ())[:_SLOWEST]]
    return f"slowest operators of {timing.file}:\n" + table(("operator", "node", "ms"), rows, right=[2])
