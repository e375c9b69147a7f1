"""DepthToSpace and SpaceToDepth."""

from typing import Any

import numpy as np
from tests.exporter.coreml.harness import check, check_all
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model


def test_floats_are_one_operator_each() -> None:
    x, y = grid(2, 18, 2, 3), grid(2, 3, 4, 6)
    cases: dict[str, Any] = {
        mode: (node_model("DepthToSpace", {"x": x}, blocksize=3, mode=mode), {"x": x}) for mode in ("DCR", "CRD")
    }
    cases["back"] = node_model("SpaceToDepth", {"x": y}, blocksize=2), {"x": y}
    check_all(cases, expect=["depth_to_space", "pixel_shuffle", "space_to_depth"])


def test_integers() -> None:
    x = (np.arange(2 * 8 * 2 * 3) * 100003).astype(np.int32).reshape(2, 8, 2, 3)
    for mode in ("DCR", "CRD"):
        check(node_model("DepthToSpace", {"x": x}, blocksize=2, mode=mode), {"x": x}, oracle="reference", float16=False)
    y = x.reshape(2, 2, 4, 6)
    check(node_model("SpaceToDepth", {"x": y}, blocksize=2), {"x": y}, oracle="reference", float16=False)


def test_blocks_of_one() -> None:
    x = grid(1, 2, 2, 2)
    check(node_model("DepthToSpace", {"x": x}, blocksize=1), {"x": x}, expect=[])
