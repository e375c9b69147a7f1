import numpy as np
import pytest
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
NUMPY = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}


@pytest.mark.parametrize("mode", NUMPY)
@pytest.mark.parametrize("dtype", ["float32", "float16", "int32"])
@pytest.mark.parametrize("pad", [[1, 2], [0, 3], [2, 1, 0, 2], [1, 0, 2, 2, 3, 1], []])
def test_the_last_axes_are_padded(pad: list[int], dtype: str, mode: str) -> None:
    x = X.astype(dtype)
    widths = np.array([0] * (6 - len(pad)) + pad).reshape(3, 2)
    got = run("pad", dtype, x=x, pad=np.array(pad, np.int32), mode=mode)
    np.testing.assert_array_equal(got, np.pad(x, widths, mode=NUMPY[mode]))


def test_constant_is_the_default_and_has_a_value() -> None:
    assert run("pad", "float32[6]", x=np.ones(4, np.float32), pad=[1, 1], constant_val=7.0).tolist() == [
        7,
        1,
        1,
        1,
        1,
        7,
    ]
    assert run("pad", "float16[2]", x=np.ones(1, np.float16), pad=[1, 0]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"pad": [1]}, "does not fit"),
        ({"pad": [1] * 8}, "does not fit"),
        ({"pad": [-1, 0]}, "does not fit"),
        ({"pad": [4, 0], "mode": "reflect"}, "reflected"),
        ({"pad": [0, 4], "mode": "reflect"}, "reflected"),
        ({"pad": [1, 0], "mode": "symmetric"}, "symmetric"),
        ({"pad": [2**30, 2**30]}, "more than"),
    ],
)
def test_padding_that_cannot_be_done(parameters: dict[str, object], why: str) -> None:
    with pytest.raises(PortproofError) as caught:
        run("pad", "float32", x=X, **parameters)
    assert why in caught.value.messages[0].why


def test_there_is_no_edge_of_nothing() -> None:
    with pytest.raises(PortproofError):
        run("pad", "float32", x=np.zeros((2, 0), np.float32), pad=[1, 1], mode="replicate")
