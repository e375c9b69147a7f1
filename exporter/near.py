"""Near matches for messages: what the user may have meant."""

import difflib
from collections.abc import Iterable
from pathlib import Path


def near_names(name: str, candidates: Iterable[str], count: int = 3) -> list[str]:
    """Up to `count` candidates close to `name`, the closest first, upper and lower case alike."""
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    return [by_lower[low] for low in difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.5)]


def near_files(path: Path) -> list[str]:
    """Names in the same folder close to a file that does not exist; empty when the folder does not either."""
    try:
        return near_names(path.name, sorted(entry.name for entry in path.parent.iterdir()))
    except OSError:
        return []


def did_you_mean(names: list[str]) -> str:
    """``"Did you mean net.onnx or net2.onnx?"``, or "" when there is nothing to offer."""
    return f"Did you mean {' or '.join(names)}?" if names else ""
