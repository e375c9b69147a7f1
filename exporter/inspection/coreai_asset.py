"""What a Core AI asset holds: what its own package says of it."""

import json
import re
from pathlib import Path

from portproof.exporter.coreai.conversion import operators
from portproof.exporter.inspection.facts import Facts
from portproof.runtimes.coreai_adapter import CoreAIRunner, summary
from portproof.runtimes.options import RunOptions


def read(path: Path) -> Facts:
    """Read and load an asset; see `inspection.inspect`. Constants of rank 0, such as axes, count as weights too."""
    told = summary(path)
    with CoreAIRunner(path, RunOptions()) as runner:
        inputs, outputs = runner.inputs, runner.outputs
    stored = {str(kind): int(count) for kind, count in told.storage_types}
    return Facts(
        format="coreai",
        bytes=sum(part.stat().st_size for part in path.rglob("*") if part.is_file()),
        inputs=inputs,
        outputs=outputs,
        operators=operators(path),
        parameters=sum(stored.values()),
        weight_bytes=sum(count * _bytes(kind) for kind, count in stored.items()),
        metadata=_metadata(path, told.function_names),
    )


def _bytes(kind: str) -> int:
    """Of one entry, a whole byte for less: ``"Float32"``, ``"Int8"``, ``"Bool"``."""
    bits = re.search(r"\d+", kind)
    return -(-int(bits.group()) // 8) if bits else 1


def _metadata(path: Path, functions: list[str]) -> dict[str, str]:
    record = json.loads((path / "metadata.json").read_text(encoding="utf-8"))
    known = {"asset version": record.get("assetVersion"), "producer": record.get("producer")}
    return {**{key: str(text) for key, text in known.items() if text}, "functions": ", ".join(functions)}
