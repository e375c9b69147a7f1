"""Laying one file over another: tables merge key by key, lists and numbers with their sources are replaced whole.

A layer is a dictionary from the path of a value to the value and where it is from. `overlay` is associative, so that
a chain of files gives the same whichever two of them are merged first. Three things are no plain values:

- a number is a table in the file, but one value here: the source of another file's number would not be its source;
- `ops+` and `ops-` adjust: each operator is an entry of its own, and the later file decides;
- `[[latency]]` has an entry for each unit, runtime and precision: a fit for one does not remove those of the others.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from portproof.device_profiles.loading.fields import is_figure
from portproof.device_profiles.loading.lines import Key

Path = tuple[str, ...]
Origin = TypeVar("Origin")
Leaf = tuple[Any, Origin]
Layer = dict[Path, Leaf[Origin]]

ADJUSTED = "ops"
FITS = "latency"
FIT_KEY = ("unit", "runtime", "precision")


def flatten(table: Mapping[str, Any], origin_of: Callable[[Key], Origin]) -> Layer[Origin]:
    """The values of a file by their paths.

    Args:
        table: what a file states, valid by the schema of one file.
        origin_of: where the value at a path of the file is from.
    """
    layer: Layer[Origin] = {}
    _flatten(table, (), origin_of, layer)
    return layer


def _flatten(table: Mapping[str, Any], path: Path, origin_of: Callable[[Key], Origin], layer: Layer[Origin]) -> None:
    for key, value in table.items():
        here = (*path, key)
        if key in (f"{ADJUSTED}+", f"{ADJUSTED}-"):
            for index, op in enumerate(value):
                layer[(*path, ADJUSTED, op)] = (key == f"{ADJUSTED}+", origin_of((*here, index)))
        elif here == (FITS,):
            for index, fit in enumerate(value):
                layer[(FITS, "/".join(str(fit[part]) for part in FIT_KEY))] = (fit, origin_of((FITS, index)))
        elif isinstance(value, Mapping) and value and not is_figure(here):
            _flatten(value, here, origin_of, layer)
        else:
            layer[here] = (value, origin_of(here))


def overlay(base: Layer[Origin], over: Layer[Origin]) -> Layer[Origin]:
    """What both state; where both state something, what `over` does."""
    return {**base, **over}


def unflatten(layer: Layer[Origin]) -> dict[str, Any]:
    """The tables of a layer, as one file would state them."""
    data: dict[str, Any] = {}
    for path, (value, _) in layer.items():
        if path[0] == FITS:
            data.setdefault(FITS, []).append(value)
        elif ADJUSTED in path[:-1]:
            sign = "+" if value else "-"
            _table(data, path[:-2]).setdefault(f"{ADJUSTED}{sign}", []).append(path[-1])
        elif value == {}:  # a table that says only that there is one
            _table(data, path)
        else:
            _table(data, path[:-1])[path[-1]] = value
    return data


def _table(data: dict[str, Any], path: Path) -> dict[str, Any]:
    for key in path:
        data = data.setdefault(key, {})
    return data
