"""Where a writer's handlers of ONNX operators are found: a new operator is one file in its `ops/`."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One handler, valid from opset `since` until the next entry of the same operator.

    Attributes:
        note: a sentence for the operator table on what is not supported.
    """

    domain: str
    op_type: str
    since: int
    handler: Handler
    note: str = ""


class Registry:
    """The handlers of one writer.

    Args:
        package: whose modules register handlers; they are imported at the first question.
    """

    def __init__(self, package: str) -> None:
        self._package = package
        self._entries: dict[tuple[str, str], list[Entry]] = {}
        self._loaded = False

    def onnx_op(self, *op_types: str, since: int = 1, domain: str = "", note: str = "") -> Callable[[H], H]:
        """Registers a handler.

        The handler is called as ``handler(builder, *inputs, **attributes)``: inputs by position (None or left out
        where the node leaves them out), attributes by keyword with the defaults of the ONNX schema (None where it
        has none). It returns the value of the node's output, or one value for each output. It raises `Refusal`
        when the format cannot express the node. A handler registered for several operators takes the keyword
        `op_type`.

        Args:
            op_types: names in the ONNX schema.
            since: the first opset whose meaning of the operator the handler understands.
            domain: the ONNX domain, "" for ai.onnx.
            note: what is not supported, for the operator table.
        """

        def register(handler: H) -> H:
            for op_type in op_types:
                entry = Entry(domain=domain, op_type=op_type, since=since, handler=handler, note=note)
                entries = self._entries.setdefault((domain, op_type), [])
                if any(known.since == since for known in entries):
                    raise KeyError(f"{domain}:{op_type} since {since} is registered twice")
                entries.append(entry)
                entries.sort(key=lambda known: known.since)
            return handler

        return register

    def find(self, domain: str, op_type: str, opset: int) -> Entry | None:
        """The handler for an operator as opset `opset` defines it, or None."""
        self._load()
        domain = "" if domain == "ai.onnx" else domain
        entries = [entry for entry in self._entries.get((domain, op_type), []) if entry.since <= opset]
        return entries[-1] if entries else None

    def supported(self) -> list[Entry]:
        """Every entry, sorted by domain, name and version."""
        self._load()
        return [entry for key in sorted(self._entries) for entry in self._entries[key]]

    def _load(self) -> None:
        """Imports every module of the package, once."""
        if self._loaded:
            return
        package = importlib.import_module(self._package)
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
            importlib.import_module(f"{package.__name__}.{module.name}")
        self._loaded = True


def call(entry: Entry, builder: Any, inputs: Any, attributes: dict[str, Any]) -> Any:
    """Calls a handler with what was bound to its signature."""
    return entry.handler(builder, *inputs, **attributes)
