import numpy as np
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite.lower import lower
from tests.exporter.tflite.harness import check, node_model

RNG = np.random.default_rng(0)


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [RNG.standard_normal(shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("size", [(1, 4, 9, 7), (2, 4, 4, 4), (1, 4, 8, 8)])
@pytest.mark.parametrize(
    ("attributes", "group"),
    [
        ({}, 1),
        ({"pads": [1, 1, 1, 1]}, 1),
        ({"pads": [0, 0, 1, 1], "strides": [2, 2]}, 1),
        ({"pads": [1, 1, 1, 1], "strides": [2, 2]}, 4),
        ({"auto_pad": "SAME_LOWER", "strides": [2, 1]}, 2),
        ({"auto_pad": "SAME_UPPER"}, 4),
        ({"pads": [2, 2, 2, 2], "dilations": [2, 2]}, 1),
        ({"pads": [2, 0, 1, 3]}, 4),
    ],
)
def test_conv_2d(size: tuple[int, ...], attributes: dict, group: int) -> None:
    x, w, bias = arrays(size, (8, 4 // group, 3, 3), (8,))
    model = node_model("Conv", {"x": x}, constants={"w": w, "b": bias}, group=group, **attributes)
    check(model, {"x": x}, rtol=1e-4, atol=1e-5)


def test_unknown_type_is_refused_by_name() -> None:
    x = np.zeros((1, 3, 8, 8), np.float64)
    model = node_model("Conv", {"x": x}, constants={"w": np.zeros((4, 3, 3, 3))})
    with pytest.raises(PortproofError) as caught:
        lower(model)
    assert caught.value.code == "E-OP-UNSUPPORTED"
    assert "float64" in str(caught.value)
