"""Convolutions, pooling, normalisation, reductions, products and resizing."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreai.harness import check_all, needs_coreai, run
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

pytestmark = needs_coreai
RNG = np.random.default_rng(1)
LINE, IMAGE, CUBE = (RNG.normal(size=(2, 4, *sizes)).astype(np.float32) for sizes in ((9,), (7, 8), (4, 5, 6)))


def case(op: str, x: np.ndarray, constants: dict[str, Any] | None = None, **attributes: Any) -> Any:
    arrays = {name: np.asarray(value) for name, value in (constants or {}).items()}
    return node_model(op, {"x": x}, constants=arrays, order=["x", *arrays], **attributes), {"x": x}


def weights(*shape: int) -> dict[str, np.ndarray]:
    return {"w": RNG.normal(size=shape).astype(np.float32)}


def test_convolutions_of_one_to_three_axes() -> None:
    check_all(
        {
            "1": case("Conv", LINE, weights(3, 4, 3), pads=[2, 0], strides=[2]),
            "2": case("Conv", IMAGE, weights(6, 2, 3, 2), group=2, auto_pad="SAME_LOWER"),
            "3": case("Conv", CUBE, weights(3, 4, 2, 2, 3), pads=[0, 1, 0, 1, 0, 2]),
            "1t": case("ConvTranspose", LINE, weights(4, 3, 3), pads=[2, 0], strides=[2], output_padding=[1]),
            "2t": case("ConvTranspose", IMAGE, weights(4, 2, 3, 2), group=2, dilations=[2, 1], strides=[1, 3]),
            "3t": case("ConvTranspose", CUBE, weights(4, 1, 2, 2, 3), strides=[2, 1, 2]),
        },
        atol=1e-5,
    )


def test_pooling() -> None:
    check_all(
        {
            "max up": case("MaxPool", IMAGE, kernel_shape=[3, 2], strides=[2, 3], pads=[1, 0, 1, 1], ceil_mode=1),
            "max 1": case("MaxPool", LINE, kernel_shape=[3], dilations=[2]),
            "max 3": case("MaxPool", CUBE, kernel_shape=[2, 2, 2], auto_pad="SAME_UPPER"),
            "mean": case("AveragePool", IMAGE, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1]),
            "mean up": case("AveragePool", IMAGE, kernel_shape=[3, 3], strides=[2, 3], ceil_mode=1),
            "with pads": case("AveragePool", LINE, kernel_shape=[4], pads=[2, 1], count_include_pad=1),
            "all": case("GlobalAveragePool", IMAGE),
            "largest": case("GlobalMaxPool", CUBE),
        }
    )


def test_normalisation() -> None:
    vectors = {name: np.abs(RNG.normal(size=4)).astype(np.float32) + 0.1 for name in "sbmv"}
    two = {name: vectors[name] for name in "sb"}
    check_all(
        {
            "batch": case("BatchNormalization", IMAGE, vectors, epsilon=0.01),
            "instance": case("InstanceNormalization", LINE, two),
            "group": case("GroupNormalization", IMAGE, two, num_groups=2),
            "layer": case("LayerNormalization", IMAGE, {"s": np.ones((7, 8), np.float32)}, axis=-2),
        },
        atol=1e-5,
    )


def test_reductions() -> None:
    names = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp"]
    cases = {name: case(f"Reduce{name}", CUBE, {"axes": [-1, 1]}, keepdims=k % 2) for k, name in enumerate(names)}
    ties = np.array([[1, 3, 3], [2, 0, 0]], np.float32)
    check_all(
        {
            **cases,
            "all": case("ReduceSum", CUBE, keepdims=0),
            "ArgMax": case("ArgMax", ties, axis=1),
            "ArgMin": case("ArgMin", ties, axis=-1, keepdims=0),
        },
        atol=1e-5,
    )


def test_products() -> None:
    row, square = CUBE[0, 0, 0, 0, :5], np.ones((5, 5), np.float32)
    check_all(
        {
            "batches": case("MatMul", CUBE, weights(1, 6, 3)),
            "row": case("MatMul", row, weights(2, 5, 3)),
            "column": case("MatMul", CUBE, weights(6)),
            "gemm": case(
                "Gemm", square, {**weights(4, 5), "c": np.ones((5, 1), np.float32)}, transA=1, transB=1, beta=0.5
            ),
        },
        atol=1e-5,
    )


def test_resizing() -> None:
    up, sizes = {"roi": np.zeros(0, np.float32), "s": np.array([1, 1, 2, 2], np.float32)}, [2, 4, 5, 13]
    check_all(
        {
            "nearest": case("Resize", IMAGE, up, coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
            "linear": case("Resize", IMAGE, up, mode="linear"),
            "cubic": case("Resize", IMAGE, up, mode="cubic"),
            "sizes": case(
                "Resize",
                IMAGE,
                {"roi": np.zeros(0, np.float32), "s": np.zeros(0, np.float32), "z": sizes},
                mode="linear",
                coordinate_transformation_mode="align_corners",
            ),
        },
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("op", "x", "attributes", "why"),
    [
        ("MaxPool", IMAGE.astype(np.int8), {"kernel_shape": [2, 2]}, "windows over int8"),
        ("MaxPool", IMAGE, {"kernel_shape": [2, 2], "outputs": ["y", "i"]}, "the places of the largest values"),
        ("ArgMax", IMAGE, {"select_last_index": 1}, "the last of equal values"),
    ],
)
def test_refusals(op: str, x: np.ndarray, attributes: dict[str, Any], why: str) -> None:
    with pytest.raises(PortproofError) as caught:
        run(*case(op, x, **attributes))
    assert why in caught.value.messages[0].why
