"""What a wrong key may have been meant to be: a near match, another unit, another table."""

import difflib

from portproof.device_profiles.loading.fields import keys_of, model_at, places_of
from portproof.device_profiles.loading.lines import Key

_FACTORS = {
    "b": ("bytes", 1.0),
    "bytes": ("bytes", 1.0),
    "kb": ("bytes", 1e3),
    "mb": ("bytes", 1e6),
    "gb": ("bytes", 1e9),
    "kib": ("bytes", 2.0**10),
    "mib": ("bytes", 2.0**20),
    "gib": ("bytes", 2.0**30),
    "kbps": ("bytes a second", 1e3),
    "mbps": ("bytes a second", 1e6),
    "gbps": ("bytes a second", 1e9),
    "tbps": ("bytes a second", 1e12),
    "mops": ("operations a second", 1e6),
    "gops": ("operations a second", 1e9),
    "tops": ("operations a second", 1e12),
    "mflops": ("operations a second", 1e6),
    "gflops": ("operations a second", 1e9),
    "tflops": ("operations a second", 1e12),
    "hz": ("hertz", 1.0),
    "khz": ("hertz", 1e3),
    "mhz": ("hertz", 1e6),
    "ghz": ("hertz", 1e9),
    "w": ("watts", 1.0),
    "mw": ("watts", 1e-3),
}
"""What units measure, and how much: 1 MB is 10^6 bytes, 1 MiB 2^20, and gbps is 10^9 bytes a second."""


def hint(path: Key) -> str:
    """What to do about a key that the schema does not have.

    Args:
        path: of the key; its last part is not in the schema.
    """
    key = str(path[-1])
    model = model_at(path[:-1])
    known = keys_of(model) if model else []
    elsewhere = [place for place in places_of(key) if (place,) != path[:-1]]
    return (
        _other_unit(key, known)
        or nearest(key, known)
        or (f"it is a key of {_table(elsewhere[0])}" if elsewhere else "")
        or (f"keys here are {', '.join(known)}" if known else "")
    )


def nearest(key: str, known: list[str]) -> str:
    """A question that names the nearest of what is known; empty where nothing is near."""
    plain = {_plain(name): name for name in known}
    near = difflib.get_close_matches(_plain(key), plain, n=2, cutoff=0.6)
    return f"did you mean {' or '.join(plain[each] for each in near)}?" if near else ""


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _other_unit(key: str, known: list[str]) -> str:
    """``sram_mb`` for ``sram_mib``: the same number in another unit, and how to convert it."""
    stem, _, unit = key.lower().rpartition("_")
    for name in known:
        its_stem, _, its_unit = name.rpartition("_")
        if not stem or its_stem != stem:
            continue
        given, wanted = _FACTORS.get(unit), _FACTORS.get(its_unit)
        if not given or not wanted:
            return f"did you mean {name}?"
        if given[0] == wanted[0]:
            return f"did you mean {name}? 1 {unit} is {given[1] / wanted[1]:.6g} {its_unit}"
    return ""


def _table(name: str) -> str:
    return f"the table [{name}]" if name else "the top of the file"
