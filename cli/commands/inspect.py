"""`portproof inspect FILE`: what a model file holds."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portproof.cli.described import described_text
from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.table import size_text, table
from portproof.exporter.progress import Progress

if TYPE_CHECKING:
    from portproof.exporter.inspection.facts import Ends, Facts
    from portproof.runtimes.memory.memory_plan import MemoryPlan
    from portproof.runtimes.spec import TensorSpec


@click.command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@prints_outcome
def command(file: Path, progress: Progress) -> Outcome:
    """Show the inputs, outputs, operators, weights and layouts of FILE (.onnx, .tflite, .mlpackage, .aimodel)."""
    from portproof.exporter.inspection import inspect

    with progress.step(f"read {file.name}"):
        facts = inspect(file)
        memory = _memory(file, facts)
    data = {"file": str(file), **dataclasses.asdict(facts), "total": facts.total}
    return Outcome(data={**data, "memory": memory and memory.as_dict()}, text=_text(file, facts, memory))


def _memory(file: Path, facts: "Facts") -> "MemoryPlan | None":
    from portproof.runtimes.memory import plan

    return None if facts.format == "coreai" else plan(file)


def _memory_text(memory: "MemoryPlan | None") -> str:
    if memory is None:
        return ""
    at = f" at {memory.operator}" if memory.operator else ""
    unknown = f"; {len(memory.unknown)} tensors of unknown size not counted" if memory.unknown else ""
    weights, arena, least = map(size_text, (memory.weight_bytes, memory.arena_bytes, memory.least_bytes))
    return (
        f"memory, planned and not measured: {size_text(memory.peak_bytes)}: {weights} of weights, {arena} for tensors "
        f"(the most at once: {least}{at}){unknown}"
    )


def _text(file: Path, facts: "Facts", memory: "MemoryPlan | None") -> str:
    head = (
        f"{file.name}: {facts.format}, {size_text(facts.bytes)}, {facts.total} operators, "
        f"{facts.parameters:,} parameters ({size_text(facts.weight_bytes)})"
    )
    several = len(facts.signatures) > 1
    each = facts.signatures if several else {"": facts}
    ends = [row for key, part in each.items() for row in _rows(key, part)]
    counts = sorted(facts.operators.items(), key=lambda row: (-row[1], row[0]))
    parts = [
        f"{head}\n{_memory_text(memory)}".rstrip(),
        table(("", "name", "type", "shape", "from the source's axes"), ends),
        table(("operator", "count"), counts, right=[1]),
        "\n".join(f"{key}: {text}" for key, text in facts.metadata.items()),
        described_text(facts),
    ]
    return "\n\n".join(part for part in parts if part)


def _rows(key: str, ends: "Ends | Facts") -> list[tuple[str, str, str, str, str]]:
    prefix = f"{key} " if key else ""
    return [
        *(_row(f"{prefix}input", spec) for spec in ends.inputs),
        *(_row(f"{prefix}output", spec) for spec in ends.outputs),
    ]


def _row(side: str, spec: "TensorSpec") -> tuple[str, str, str, str, str]:
    from portproof.runtimes.spec import shape_text

    return side, spec.name, spec.dtype, shape_text(spec.shape), "" if spec.perm is None else str(list(spec.perm))
