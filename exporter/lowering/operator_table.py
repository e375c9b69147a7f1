"""Generates a page of operators: what a writer lowers, and what it does not. `make docs` writes the pages."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx
import onnx_ir as ir

from portproof.exporter.lowering.registry import Entry


@dataclass(frozen=True, kw_only=True)
class Writer:
    """What the page asks a writer.

    Attributes:
        head: the page's beginning, with the head of its table.
        entries: its handlers, sorted.
        is_composed: whether a node is lowered by its parts, for an opset.
        reason: why an operator has no handler; empty where nobody has written one.
    """

    head: str
    entries: Sequence[Entry]
    is_composed: Callable[[ir.Node, int], bool]
    reason: Callable[[str], str]


def markdown(writer: Writer) -> str:
    """The whole page."""
    entries: dict[str, list[Entry]] = defaultdict(list)
    for entry in writer.entries:
        entries[entry.op_type if not entry.domain else f"{entry.domain}:{entry.op_type}"].append(entry)
    rows = [_row(name, found) for name, found in sorted(entries.items())]
    missing = sorted(_all_operators() - set(entries))
    newest = onnx.defs.onnx_opset_version()
    composed = [name for name in missing if writer.is_composed(ir.Node("", name, []), newest)]
    left = sorted(set(missing) - set(composed))
    return writer.head + "\n".join(rows) + "\n\n" + _composed(composed) + _missing(left, writer.reason)


def _row(name: str, entries: Sequence[Entry]) -> str:
    versions = ", ".join(str(entry.since) for entry in entries)
    notes = "; ".join(dict.fromkeys(entry.note for entry in entries if entry.note))
    return f"| {name} | {versions} | {notes} |"


def _all_operators() -> set[str]:
    schemas = onnx.defs.get_all_schemas()
    return {schema.name for schema in schemas if schema.domain == "" and not schema.deprecated}


def _composed(names: Sequence[str]) -> str:
    """What ONNX defines by other operators, which must all be on the list."""
    return f"## Lowered by the parts of which ONNX defines them\n\n{', '.join(names)}.\n\n" if names else ""


def _missing(names: Sequence[str], reason: Callable[[str], str]) -> str:
    lines = ["## Refused", ""]
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[reason(name) or "no lowering is written yet"].append(name)
    lines += [f"- {', '.join(found)}: {why}." for why, found in sorted(groups.items())]
    return "\n".join(lines) + "\n"
