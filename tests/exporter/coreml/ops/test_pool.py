"""MaxPool, AveragePool, LpPool and the global ones."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.coreml.ops.samples import Case, case, check_cases, grid
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

COMMON: list[Case] = [
    ({"kernel_shape": [2, 2], "strides": [2, 2]}, (1, 3, 6, 8)),
    ({"kernel_shape": [3], "pads": [1, 0]}, (2, 3, 9)),
    ({"kernel_shape": [2, 3, 2], "strides": [1, 2, 2], "pads": [1, 1, 0, 0, 1, 1]}, (1, 2, 4, 5, 6)),
    ({"kernel_shape": [3, 2], "strides": [2, 3], "pads": [1, 0, 2, 1]}, (1, 2, 7, 8)),
    ({"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, (1, 2, 6, 7)),
    ({"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "pads": [1, 1, 1, 1]}, (1, 2, 6, 7)),
    ({"kernel_shape": [1, 1], "strides": [2, 2], "ceil_mode": 1}, (1, 2, 6, 7)),
    ({"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, (1, 2, 7, 8)),
    ({"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_LOWER"}, (1, 2, 8, 7)),
    ({"kernel_shape": [3, 2], "auto_pad": "VALID"}, (1, 2, 8, 7)),
]
DILATED: list[Case] = [
    ({"kernel_shape": [2, 3], "dilations": [2, 1]}, (1, 3, 6, 8)),
    ({"kernel_shape": [2, 2], "dilations": [2, 3], "strides": [2, 1], "pads": [1, 1, 0, 1]}, (1, 2, 7, 8)),
    ({"kernel_shape": [2], "dilations": [3], "strides": [2], "ceil_mode": 1}, (1, 2, 10)),
]


def test_maxima() -> None:
    check_cases("MaxPool", COMMON, expect=["max_pool"] * len(COMMON))
    check_cases("MaxPool", DILATED)


def test_means() -> None:
    check_cases("AveragePool", COMMON, expect=["avg_pool"] * len(COMMON))
    check_cases("AveragePool", DILATED)


def test_means_of_padding_too() -> None:
    # ONNX Runtime counts what ceil_mode adds; the reference and torch do not.
    floor = [({**given, "count_include_pad": 1}, shape) for given, shape in COMMON if "ceil_mode" not in given]
    check_cases("AveragePool", floor)
    ceil = [({**given, "count_include_pad": 1}, shape) for given, shape in COMMON if "ceil_mode" in given]
    check_cases("AveragePool", ceil, oracle="reference")


@pytest.mark.parametrize("p", [1, 2, 3])
def test_norms(p: int) -> None:
    cases = [({**given, "p": p}, shape) for given, shape in (*COMMON[:4], DILATED[0]) if "ceil_mode" not in given]
    check_cases("LpPool", cases, rtol=1e-4, atol=1e-5)


def test_global_ones() -> None:
    shapes = [(2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 2, 2)]
    for op, given in (("GlobalAveragePool", {}), ("GlobalMaxPool", {}), ("GlobalLpPool", {"p": 2})):
        check_cases(op, [({**given, "opset": 21}, shape) for shape in shapes])
    check_cases("GlobalLpPool", [({"p": 3, "opset": 21}, shapes[0]), ({"p": 1, "opset": 21}, shapes[1])])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_maxima_of_narrow_integers(dtype: type) -> None:
    x = (np.arange(48) * 37 % 127).astype(dtype).reshape(1, 2, 4, 6)
    check(node_model("MaxPool", {"x": x}, kernel_shape=[2, 3], pads=[1, 1, 0, 0]), {"x": x})


def test_where_the_maxima_are() -> None:
    cases: list[tuple[dict[str, Any], tuple[int, ...]]] = [
        ({"kernel_shape": [2, 2], "strides": [2, 2]}, (2, 2, 4, 6)),
        ({"kernel_shape": [2, 3], "pads": [1, 1, 0, 1], "storage_order": 1}, (1, 2, 3, 4)),
        ({"kernel_shape": [2], "dilations": [2], "strides": [2]}, (1, 2, 9)),
    ]
    models = {}
    for place, (given, shape) in enumerate(cases):
        fed = {"x": grid(*shape)}
        models[f"c{place}"] = node_model("MaxPool", fed, outputs=["y", "i"], **given), fed
    check_all(models)


def test_windows_of_nothing_but_padding() -> None:
    model, fed = case("AveragePool", (1, 1, 3, 3), kernel_shape=[2, 2], pads=[2, 2, 0, 0])
    with pytest.raises(PortproofError, match="nothing but padding"):
        run(model, fed)
