"""A profile value by value, each with how it is known and the file that it is from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portproof.device_profiles.loading.layers import ADJUSTED, Path
from portproof.device_profiles.loading.resolve import Origin, Resolved
from portproof.device_profiles.toml_text import value_text

_TOP = ("kind", "id", "extends")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One value of a profile.

    Attributes:
        key: dotted: ``"npu.sram_mib"``.
        value: as TOML writes it; of a number with a source the number alone, ``"-"`` where it is missing; of a runtime
            or a fitted cost model in words.
        kind: how a number, a runtime or a cost model is known; empty for the rest.
        source: where that is from.
        borrowed_from: the id of the profile whose number it is, where it is another's.
        origin: the file and line that state it, or ``"command line"``.
        place: where that file was found: ``"built in"``, ``"project"``, ...
    """

    key: str
    value: str
    kind: str = ""
    source: str = ""
    borrowed_from: str = ""
    origin: str
    place: str


def rows(found: Resolved, *, inherited: bool = True) -> list[Row]:
    """The values that count, those of the whole device first, then table by table.

    Args:
        found: the profile.
        inherited: those of the profiles that it extends too; else what its own file and the command line state.
    """
    own = str(found.files[0])
    chosen = [
        (path, value, origin)
        for path, (value, origin) in found.layer.items()
        if inherited or origin.line is None or origin.file == own
    ]
    ordered = sorted(chosen, key=lambda each: _place_in_file(each[0]))
    return [row for each in ordered for row in _rows(*each)]


def _place_in_file(path: Path) -> tuple[bool, str, int]:
    """Keys of the top first, then tables; within each the order of the files."""
    first = path[0] if len(path) > 1 else ""
    return (bool(first), first, _TOP.index(path[0]) if path[0] in _TOP else len(_TOP))


def _rows(path: Path, value: Any, origin: Origin) -> list[Row]:
    if path == ("runtimes",):
        named = [(f"runtimes[{index}]", _runtime(each), each) for index, each in enumerate(value)]
    elif path[0] == "latency":
        named = [(".".join(path), f"of {value['architectures']} architectures", value)]
    elif ADJUSTED in path[1:-1]:
        named = [(".".join((*path[:-2], f"{ADJUSTED}{'+' if value else '-'}")), value_text(path[-1]), {})]
    elif isinstance(value, Mapping) and "source" in value:
        named = [(".".join(path), value_text(value["value"]) if "value" in value else "-", value)]
    else:
        named = [(".".join(path), value_text(value), {})]
    return [_row(key, text, known, origin) for key, text, known in named]


def _runtime(each: Mapping[str, Any]) -> str:
    version = f" ({each['version']})" if "version" in each else ""
    return f"{each['name']}{version} on {', '.join(each['units'])}"


def _row(key: str, text: str, known: Mapping[str, Any], origin: Origin) -> Row:
    return Row(
        key=key,
        value=text,
        kind=known.get("kind", ""),
        source=known.get("source", ""),
        borrowed_from=known.get("borrowed_from", ""),
        origin=str(origin),
        place=origin.place,
    )
