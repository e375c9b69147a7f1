"""Conv and ConvTranspose."""

from collections.abc import Sequence
from typing import Any

import pytest
from tests.exporter.coreml.harness import Arrays, check, check_all, run
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

HOW: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}


def _case(op: str, x: Sequence[int], w: Sequence[int], bias: int = 0, **attributes: Any) -> tuple[Any, Arrays]:
    fed, constants = {"x": grid(*x)}, {"w": grid(*w, seed=1)}
    if bias:
        constants["bias"] = grid(bias, seed=2)
    return node_model(op, fed, constants=constants, **attributes), fed


def test_convolutions_of_constant_weights() -> None:
    cases = {
        "plain": _case("Conv", (1, 3, 6, 5), (4, 3, 3, 3), 4),
        "one": _case("Conv", (2, 3, 9), (4, 3, 3), 4, pads=[1, 2], strides=[2]),
        "three": _case("Conv", (1, 2, 4, 5, 6), (3, 2, 2, 3, 3), 3, pads=[0, 1, 1, 1, 0, 1]),
        "groups": _case("Conv", (1, 4, 6, 6), (6, 2, 3, 3), group=2, dilations=[2, 1]),
        "depthwise": _case("Conv", (1, 3, 7, 7), (6, 1, 3, 3), 6, group=3, pads=[0, 1, 2, 3], strides=[2, 1]),
        "upper": _case("Conv", (1, 2, 7, 8), (3, 2, 4, 3), auto_pad="SAME_UPPER", strides=[2, 3]),
        "lower": _case("Conv", (1, 2, 7, 8), (3, 2, 4, 3), auto_pad="SAME_LOWER", strides=[2, 3]),
        "valid": _case("Conv", (1, 2, 7, 8), (3, 2, 4, 3), auto_pad="VALID", kernel_shape=[4, 3]),
    }
    check_all(cases, **HOW, expect=["conv"] * len(cases))


@pytest.mark.parametrize("group", [1, 2])
def test_weights_and_bias_computed_at_run_time(group: int) -> None:
    fed = {"x": grid(1, 4, 8, 7), "w": grid(2, 4 // group, 3, 3, seed=1), "bias": grid(2, seed=2)}
    check(node_model("Conv", fed, group=group, pads=[1, 1, 1, 1]), fed, **HOW)


def test_dilation_of_weights_computed_at_run_time() -> None:
    fed = {"x": grid(1, 2, 9, 8), "w": grid(2, 2, 3, 2, seed=1)}
    check(node_model("Conv", fed, dilations=[2, 3]), fed, **HOW)
    fed = {"x": grid(1, 2, 9), "w": grid(2, 2, 3, seed=1)}
    check(node_model("Conv", fed, dilations=[3]), fed, **HOW)


def test_padding_of_the_oldest_target() -> None:
    model, fed = _case("Conv", (1, 2, 7, 8), (3, 2, 4, 3), auto_pad="SAME_LOWER")
    check(model, fed, **HOW, target="iOS15", float16=False)


def test_strides_much_longer_than_the_kernel() -> None:
    model, fed = _case("Conv", (1, 2, 7, 7), (3, 2, 3, 3), auto_pad="SAME_UPPER", strides=[8, 8])
    with pytest.raises(PortproofError, match="strides much longer"):
        run(model, fed)


def test_transposed_convolutions() -> None:
    cases = {
        "plain": _case("ConvTranspose", (1, 3, 4, 5), (3, 2, 3, 3), 2),
        "twice": _case("ConvTranspose", (1, 3, 4, 5), (3, 2, 4, 4), 2, strides=[2, 2], pads=[1, 1, 1, 1]),
        "odd": _case(
            "ConvTranspose", (1, 3, 4, 5), (3, 2, 3, 3), 2, strides=[2, 2], pads=[1, 0, 1, 2], output_padding=[1, 1]
        ),
        "beyond": _case("ConvTranspose", (1, 3, 4, 5), (3, 2, 2, 2), 2, strides=[3, 2], output_padding=[2, 1]),
        "apart": _case(
            "ConvTranspose", (1, 3, 4, 5), (3, 2, 2, 2), 2, strides=[3, 2], dilations=[2, 3], output_padding=[1, 1]
        ),
        "groups": _case("ConvTranspose", (1, 4, 4, 5), (4, 3, 3, 3), 6, group=2, strides=[2, 1]),
        "one": _case("ConvTranspose", (2, 3, 6), (3, 2, 4), 2, strides=[2], pads=[1, 2]),
        "three": _case("ConvTranspose", (1, 2, 3, 4, 3), (2, 2, 2, 3, 2), 2, strides=[2, 1, 2]),
        "shape": _case("ConvTranspose", (1, 2, 3, 3), (2, 2, 3, 3), strides=[3, 2], output_shape=[10, 8]),
        "upper": _case("ConvTranspose", (1, 2, 3, 3), (2, 2, 3, 3), strides=[2, 2], auto_pad="SAME_UPPER"),
        "lower": _case("ConvTranspose", (1, 2, 3, 3), (2, 2, 3, 3), strides=[2, 2], auto_pad="SAME_LOWER"),
    }
    check_all(cases, **HOW, expect=["conv_transpose"] * len(cases))


def test_transposed_weights_computed_at_run_time() -> None:
    fed = {"x": grid(1, 2, 4, 5), "w": grid(2, 3, 3, 2, seed=1), "bias": grid(3, seed=2)}
    model = node_model("ConvTranspose", fed, strides=[2, 2], output_padding=[1, 1])
    check(model, fed, **HOW)
    with pytest.raises(PortproofError, match="computed at run time"):
        run(model, fed, target="iOS16")


def test_shapes_that_onnx_contradicts() -> None:
    model, fed = _case("ConvTranspose", (1, 2, 5, 5), (2, 2, 3, 3), output_shape=[3, 3])
    with pytest.raises(PortproofError, match="smaller than the input"):
        run(model, fed)
