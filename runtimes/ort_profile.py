"""Per-operator times from ONNX Runtime's profile: Chrome trace JSON."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

_SUFFIX = "_kernel_time"


def operator_times(trace: Path, runs: int) -> list[dict[str, Any]]:
    """The nodes of a trace, slowest first: name, operator type, and mean time a run in ms."""
    events = json.loads(trace.read_text(encoding="utf-8"))
    total: dict[tuple[str, str], float] = defaultdict(float)
    for event in events:
        name = str(event.get("name", ""))
        if event.get("cat") == "Node" and name.endswith(_SUFFIX):
            operator = str(event.get("args", {}).get("op_name", ""))
            total[name.removesuffix(_SUFFIX), operator] += event["dur"] / 1e3
    slowest = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    return [{"name": name, "op": operator, "ms": ms / runs} for (name, operator), ms in slowest]
