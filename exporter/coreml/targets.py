"""The releases that a package can be written for."""

from typing import Any

from portproof.device_profiles.errors import PortproofError

TARGETS = ("iOS15", "iOS16", "iOS17", "iOS18")
"""Oldest first; each stands for the releases of macOS, watchOS and tvOS of the same year."""
DEFAULT = "iOS16"
"""The oldest that takes and gives float16 arrays; every iPhone since 2017 runs it."""


def target_of(name: str) -> Any:
    """The `coremltools.target` of a name.

    Raises:
        PortproofError: ``E-USAGE`` for a name that is none of `TARGETS`.
    """
    import coremltools as ct

    if name not in TARGETS:
        raise PortproofError("E-USAGE", f"{name} is no deployment target", hint=f"the targets are {', '.join(TARGETS)}")
    return ct.target[name]


def at_least(target: str, needed: str) -> bool:
    """Whether `target` has what came with `needed`."""
    return TARGETS.index(target) >= TARGETS.index(needed)
