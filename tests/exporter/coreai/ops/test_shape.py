"""Shapes, orders and parts of tensors."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreai.harness import check_all, needs_coreai, run
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

pytestmark = needs_coreai
X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
IMAGE = np.arange(2 * 8 * 2 * 4, dtype=np.float32).reshape(2, 8, 2, 4)


def case(op: str, x: np.ndarray = X, constants: dict[str, Any] | None = None, **attributes: Any) -> Any:
    arrays = {name: np.asarray(value) for name, value in (constants or {}).items()}
    return node_model(op, {"x": x}, constants=arrays, order=["x", *arrays], **attributes), {"x": x}


def test_the_same_elements_in_another_shape_or_order() -> None:
    check_all(
        {
            "zero and rest": case("Reshape", constants={"shape": [0, -1, 2, 2]}),
            "flatten": case("Flatten", axis=-1),
            "reversed": case("Transpose"),
            "perm": case("Transpose", perm=[1, 0, 2]),
            "unsqueeze": case("Unsqueeze", constants={"axes": [0, -1]}),
            "squeeze": case("Squeeze", X[:1, :, :1], {"axes": [-1]}),
            "all": case("Squeeze", X[:1, :, :1]),
            "DCR": case("DepthToSpace", IMAGE, blocksize=2),
            "CRD": case("DepthToSpace", IMAGE, blocksize=2, mode="CRD"),
            "SpaceToDepth": case("SpaceToDepth", IMAGE, blocksize=2),
            "expand": case("Expand", X[:, :1], {"shape": [2, 1, 3, 1]}),
            "no expansion": case("Expand", constants={"shape": [1]}),
            "tile": case("Tile", constants={"repeats": [1, 2, 3]}),
        }
    )


def test_slices() -> None:
    last = 2**63 - 1
    check_all(
        {
            "backwards": case("Slice", constants={"s": [3, 2], "e": [-last, 0], "a": [2, 1], "t": [-2, -1]}),
            "beyond": case("Slice", constants={"s": [-100, 1], "e": [last, 100]}),
            "steps": case("Slice", constants={"s": [0], "e": [last], "a": [-1], "t": [3]}),
        }
    )


def test_parts() -> None:
    y = X + 100
    check_all(
        {
            "concat": (node_model("Concat", {"x": X, "o": y}, axis=-2), {"x": X, "o": y}),
            "sizes": case("Split", constants={"sizes": np.array([1, 3])}, outputs=["y", "z"], axis=2),
            "equal": case("Split", outputs=["y", "z"], axis=1, num_outputs=2),
            "constant": case("Gather", constants={"i": [[0, -1], [1, 1]]}, axis=1),
            "scalar": case("Gather", constants={"i": 2}, axis=-1),
            "late": (
                node_model("Gather", {"x": X, "i": np.array([1, -2])}, axis=0),
                {"x": X, "i": np.array([1, -2])},
            ),
        }
    )


def test_pads() -> None:
    check_all(
        {
            "number": case("Pad", constants={"p": [0, 1, 2, 0, 0, 1], "v": np.float32(7)}),
            "reflect": case("Pad", constants={"p": [0, 1, 2, 0, 0, 1]}, mode="reflect"),
            "edge": case("Pad", constants={"p": [1, 1, 2, 0, 0, 5]}, mode="edge"),
            "wrap": case("Pad", constants={"p": [0, 1, 2, 0, 0, 1]}, mode="wrap"),
        }
    )


@pytest.mark.parametrize(
    ("op", "constants", "why"),
    [
        ("Pad", {"p": [0, 0, -1, 0, 0, 0]}, "is not written"),
        ("Slice", {"s": [2], "e": [1]}, "its result is empty"),
        ("Gather", {"i": [2]}, "reach beyond the axis"),
    ],
)
def test_refusals(op: str, constants: dict[str, Any], why: str) -> None:
    with pytest.raises(PortproofError) as caught:
        run(*case(op, constants=constants))
    assert why in caught.value.messages[0].why
