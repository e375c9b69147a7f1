"""What devices are and what they take: profiles (TOML), their schema, and the errors that every layer raises.

`load`, `resolve` and `available` come from `profiles` on first use, `predict_latency` from the cost model: the errors
of this package are imported everywhere, and must not bring pydantic along.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portproof.device_profiles.cost.predict import predict_latency
    from portproof.device_profiles.profiles import available, load, resolve
    from portproof.device_profiles.schema import Profile

__all__ = ["Profile", "available", "load", "predict_latency", "resolve"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from portproof.device_profiles import profiles
    from portproof.device_profiles.cost import predict

    return getattr(predict if name == "predict_latency" else profiles, name)
