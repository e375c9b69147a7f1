"""What devices are and what they take: profiles (TOML), their schema, and the errors that every layer raises.

`load`, `resolve` and `available` come from `profiles` on first use: the errors of this package are imported everywhere,
and must not bring pydantic along.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portproof.device_profiles.profiles import available, load, resolve
    from portproof.device_profiles.schema import Profile

__all__ = ["Profile", "available", "load", "resolve"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from portproof.device_profiles import profiles

    return getattr(profiles, name)
