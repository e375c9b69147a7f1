import numpy as np
import pytest

from portproof.exporter.lowering.fourier import Transform


@pytest.mark.parametrize("length", [1, 4, 5])
@pytest.mark.parametrize("size", [3, 5])
def test_forward_is_numpys(size: int, length: int) -> None:
    matrix = Transform(size=size, length=length, parts=1).matrix()
    x = np.random.default_rng(0).standard_normal(size)
    want = np.fft.fft(x, length)
    np.testing.assert_allclose(matrix[..., 0] @ x, np.stack([want.real, want.imag], -1), atol=1e-5)


@pytest.mark.parametrize("length", [1, 6, 7])
def test_inverse_of_half_a_spectrum_is_real(length: int) -> None:
    transform = Transform(size=4, length=length, parts=2, inverse=True, onesided=True)
    x = np.random.default_rng(0).standard_normal((4, 2))
    got = np.einsum("opst,st->op", transform.matrix(), x)
    np.testing.assert_allclose(got[:, 0], np.fft.irfft(x[:, 0] + 1j * x[:, 1], length), atol=1e-5)
    assert transform.out == (length, 1)


def test_there_and_back() -> None:
    there, back = (Transform(size=6, length=6, parts=2, inverse=inverse).matrix() for inverse in (False, True))
    product = np.einsum("opst,stuv->opuv", back, there).reshape(12, 12)
    np.testing.assert_allclose(product, np.eye(12), atol=1e-6)
