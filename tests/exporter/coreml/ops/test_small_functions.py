"""DFT, STFT, MelWeightMatrix, Det, MaxUnpool, Col2Im."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import model_of, node_model

from portproof.device_profiles.errors import PortproofError

HOW: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-4}


def test_transforms() -> None:
    cases: dict[str, Any] = {}
    for parts, inverse, axis in ((1, 0, 1), (2, 0, -2), (2, 1, 1), (1, 1, -2)):
        fed = {"x": grid(2, 5, 6, parts)}
        model = node_model("DFT", fed, constants={"a": np.array(axis)}, order=["x", "", "a"], inverse=inverse)
        cases[f"p{parts}{inverse}{axis + 2}"] = model, fed
    fed = {"x": grid(1, 7, 1)}
    cases["half"] = node_model("DFT", fed, opset=17, onesided=1), fed
    cases["longer"] = node_model("DFT", fed, constants={"n": np.array(10)}), fed
    check_all({name: case for name, case in cases.items() if name != "half"}, **HOW, oracle="reference")
    check(*cases["half"], **HOW, oracle="reference")


@pytest.mark.parametrize("late", [False, True])
def test_frames(late: bool) -> None:
    x, window = grid(2, 20, 1), np.hanning(8).astype(np.float32)
    fed = {"x": x, "w": window} if late else {"x": x}
    constants = {"s": np.array(3)} if late else {"s": np.array(3), "w": window}
    check(node_model("STFT", fed, constants=constants, order=["x", "s", "w"], onesided=1), fed, **HOW)


def test_filter_banks() -> None:
    numbers = {"m": 8, "n": 64, "r": 8192}
    constants = {name: np.array(value) for name, value in numbers.items()}
    constants |= {"l": np.array(0, np.float32), "h": np.array(4096, np.float32)}
    fed = {"x": np.ones((33, 8), np.float32)}
    text = """<ir_version: 10, opset_import: ["": 21]>
    agraph (float[33, 8] x) => (float[33, 8] y) { f = MelWeightMatrix(m, n, r, l, h) y = Mul(x, f) }"""
    check(model_of(text, **constants), fed, **HOW)


def test_determinants() -> None:
    cases: dict[str, Any] = {}
    for size in (1, 2, 3, 4):
        fed = {"x": grid(2, size, size)}
        cases[f"s{size}"] = node_model("Det", fed), fed
    check_all(cases, **HOW)
    with pytest.raises(PortproofError, match="need pivoting"):
        run(node_model("Det", {"x": grid(5, 5)}), {"x": grid(5, 5)})


def test_maxima_put_back() -> None:
    fed = {"x": grid(1, 2, 2, 3), "i": np.array([[[[0, 3, 5], [13, 14, 16]], [[24, 27, 28], [43, 45, 46]]]])}
    given = {"kernel_shape": [2, 2], "strides": [2, 2]}
    cases: dict[str, Any] = {
        "plain": (node_model("MaxUnpool", fed, **given), fed),
        "wider": (node_model("MaxUnpool", fed, constants={"o": np.array([1, 2, 5, 6])}, **given), fed),
    }
    check(*cases["plain"])
    got, _ = run(*cases["wider"])
    plain, _ = run(*cases["plain"])
    np.testing.assert_array_equal(got["y"][:, :, :4], plain["y"])
    with pytest.raises(PortproofError, match="overlap"):
        run(node_model("MaxUnpool", fed, kernel_shape=[2, 2], strides=[1, 1]), fed)


def test_columns_to_images() -> None:
    cases: dict[str, Any] = {}
    for place, (image, block, given) in enumerate(
        [
            ([5, 5], [1, 5], {}),
            ([4, 5], [2, 3], {"strides": [2, 1], "pads": [1, 0, 1, 1]}),
            ([6, 6], [2, 2], {"dilations": [1, 3]}),
        ]
    ):
        steps = [
            (size + (given.get("pads", [0] * 4)[a] + given.get("pads", [0] * 4)[a + 2])
             - given.get("dilations", [1, 1])[a] * (block[a] - 1) - 1) // given.get("strides", [1, 1])[a] + 1
            for a, size in enumerate(image)
        ]  # fmt: skip
        fed = {"x": grid(1, 2 * int(np.prod(block)), int(np.prod(steps)))}
        constants = {"i": np.array(image), "k": np.array(block)}
        cases[f"c{place}"] = node_model("Col2Im", fed, constants=constants, **given), fed
    check_all(cases, **HOW, oracle="reference")
