"""Sliding windows: ONNX's paddings in MIL's words."""

from collections.abc import Sequence
from typing import Any

_AUTO = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}


def padding(auto_pad: str, pads: Sequence[int] | None, spatial: int) -> dict[str, Any]:
    """MIL's `pad_type`, with `pad` where it is custom.

    Args:
        auto_pad: ONNX's.
        pads: ONNX's: all beginnings, then all ends.
        spatial: how many axes the window slides along.
    """
    if auto_pad in _AUTO:
        return {"pad_type": _AUTO[auto_pad]}
    if not pads or not any(pads):
        return {"pad_type": "valid"}
    return {"pad_type": "custom", "pad": [pads[axis + spatial * end] for axis in range(spatial) for end in (0, 1)]}
