"""Where a node comes from, the user's source line and the torch module path: calibration names nodes too."""

from portproof.calibration.graph.provenance import (
    MODULE,
    NAME_SCOPES,
    STACK_TRACE,
    WHERE,
    carry,
    compact,
    fill,
    inherit,
    known,
    module_path,
    user_line,
    where,
)

__all__ = [
    "MODULE",
    "NAME_SCOPES",
    "STACK_TRACE",
    "WHERE",
    "carry",
    "compact",
    "fill",
    "inherit",
    "known",
    "module_path",
    "user_line",
    "where",
]
