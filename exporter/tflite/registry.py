"""Where handlers of ONNX operators are found: a new operator is one file in `ops/`, imported by being there."""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item

Outputs = Item | Sequence[Item | None]
Handler = Callable[..., Outputs]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One handler, valid from opset `since` until the next entry of the same operator.

    Attributes:
        note: a sentence for `docs/operators.md` on what is not supported.
    """

    domain: str
    op_type: str
    since: int
    handler: Handler
    note: str = ""


_ENTRIES: dict[tuple[str, str], list[Entry]] = {}


def onnx_op(*op_types: str, since: int = 1, domain: str = "", note: str = "") -> Callable[[H], H]:
    """Registers a handler.

    The handler is called as ``handler(builder, *inputs, **attributes)``: inputs by position (None or left out
    where the node leaves them out), attributes by keyword with the defaults of the ONNX schema (None where it
    has none). It returns the value of the node's output, or one value for each output. It raises `Refusal`
    when TFLite cannot express the node. A handler registered for several operators takes the keyword `op_type`.

    Args:
        op_types: names in the ONNX schema.
        since: the first opset whose meaning of the operator the handler understands.
        domain: the ONNX domain, "" for ai.onnx.
        note: what is not supported, for the operator table.
    """

    def register(handler: H) -> H:
        for op_type in op_types:
            entry = Entry(domain=domain, op_type=op_type, since=since, handler=handler, note=note)
            entries = _ENTRIES.setdefault((domain, op_type), [])
            if any(known.since == since for known in entries):
                raise KeyError(f"{domain}:{op_type} since {since} is registered twice")
            entries.append(entry)
            entries.sort(key=lambda known: known.since)
        return handler

    return register


@functools.cache
def load_handlers() -> None:
    """Imports every module of `ops/`; a second call is free."""
    package = importlib.import_module("portproof.exporter.tflite.ops")
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        importlib.import_module(f"{package.__name__}.{module.name}")


def find(domain: str, op_type: str, opset: int) -> Entry | None:
    """The handler for an operator as opset `opset` defines it, or None."""
    load_handlers()
    domain = "" if domain == "ai.onnx" else domain
    entries = [entry for entry in _ENTRIES.get((domain, op_type), []) if entry.since <= opset]
    return entries[-1] if entries else None


def supported() -> list[Entry]:
    """Every entry, sorted by domain, name and version."""
    load_handlers()
    return [entry for key in sorted(_ENTRIES) for entry in _ENTRIES[key]]


def call(entry: Entry, builder: Builder, inputs: Sequence[Any], attributes: dict[str, Any]) -> Outputs:
    """Calls a handler with what was bound to its signature."""
    return entry.handler(builder, *inputs, **attributes)
