import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model
from portproof.exporter.tflite.make.window import for_any_size

TEXT = """<ir_version: 9, opset_import: ["" : 18]> g (float[%s] x) => (float[a,b,c] y)
{e = Expand(x, shape) y = Concat<axis = 0>(e, e)}"""
ODD = np.array([0.0, -0.0, np.inf, -np.inf, 1.2e-38, -1.5], np.float32)


def ops(shape: tuple[int, ...], to: tuple[int, ...]) -> dict[str, int]:
    model = model_of(TEXT % ",".join(map(str, shape)), shape=np.array(to))
    x = np.resize(ODD, shape)
    check(model, {"x": x}, rtol=0, atol=0)
    return convert_model(model, io_layout="keep").op_counts


@pytest.mark.parametrize(
    ("shape", "to"), [((1, 1, 6), (1, 4, 6)), ((6,), (2, 3, 6)), ((2, 1, 3), (2, 2, 3)), ((1, 1, 1), (3, 3, 3))]
)
def test_times_one(shape: tuple[int, ...], to: tuple[int, ...]) -> None:
    assert ops(shape, to) == {"CONCATENATION": 1, "MUL": 1}


def test_sizes_that_are_not_known_yet_stay() -> None:
    with for_any_size():
        assert ops((1, 1, 6), (1, 4, 6))["BROADCAST_TO"] == 1
