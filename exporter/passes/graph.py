"""What the passes share, which calibration needs too: constants, values replaced, attributes with their defaults."""

from portproof.calibration.graph.access import (
    add_constant,
    attribute,
    constant,
    feeds_only,
    free_name,
    is_constant,
    names,
    names_kept,
    nodes,
    replace,
    shape_of,
    take_over,
)

__all__ = [
    "add_constant",
    "attribute",
    "constant",
    "feeds_only",
    "free_name",
    "is_constant",
    "names",
    "names_kept",
    "nodes",
    "replace",
    "shape_of",
    "take_over",
]
