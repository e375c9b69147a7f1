"""Packages with packed weights compute what the same model computes with the weights unpacked by numpy."""

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import model_of

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml.conversion import Written, write_model
from portproof.exporter.coreml.weights.encode import encode
from portproof.exporter.coreml.weights.formats import parse
from portproof.exporter.coreml.weights.roles import Role
from portproof.runtimes.coreml import predict
from portproof.runtimes.coreml.parse import read

RNG = np.random.default_rng(0)
W = (RNG.standard_normal((32, 64, 1, 3)) * 0.1).astype(np.float32)
L = RNG.standard_normal((64, 32)).astype(np.float32)
SMALL = RNG.standard_normal((32, 32)).astype(np.float32)
X = RNG.standard_normal((1, 64, 2, 34)).astype(np.float32)
FORMATS = {
    "iOS16": ["int8", "palette2", "palette4", "palette8", "sparse:target=0.75"],
    "iOS18": ["int8", "int8:block=16", "int4", "palette1", "palette3", "palette6:group=8", "sparse:target=0.5"],
}


def model(w: np.ndarray = W, left: np.ndarray = L) -> ir.Model:
    """A convolution, a matrix product whose weights are [inner, columns], and one that is too small."""
    return model_of(
        '<ir_version: 10, opset_import: ["" : 23]> g (float[1,64,2,34] x) => (float[1,32,2,32] y)'
        "{ c = Conv(x, w) a = MatMul(c, s) b = Transpose<perm=[0,2,3,1]>(a) d = MatMul(b, e)"
        " f = MatMul(d, l) y = Transpose<perm=[0,3,1,2]>(f) }",
        w=w,
        s=SMALL,
        e=np.concatenate([np.eye(32, dtype=np.float32)] * 2, 1),
        l=left,
    )


def np_outputs() -> np.ndarray:
    """What the model computes with its own weights."""
    windows = np.lib.stride_tricks.sliding_window_view(X[0], 3, axis=2)
    product = np.einsum("chwk,ock->hwo", windows, W[:, :, 0]).transpose(2, 0, 1) @ SMALL
    last = product.transpose(1, 2, 0)
    return (np.concatenate([last, last], 2) @ L).transpose(2, 0, 1)[None]


def write(path: Path, source: ir.Model, form: str = "", **options: object) -> Written:
    return write_model(source, path / "m.mlpackage", weights=parse(form) if form else None, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("target", "form"), [(target, form) for target, forms in FORMATS.items() for form in forms])
def test_the_same_as_with_weights_that_numpy_unpacked(target: str, form: str, tmp_path: Path) -> None:
    """In float32 for the older target, in float16 for the newer."""
    float16 = target == "iOS18"
    written = write(tmp_path / "packed", model(), form, target=target, float16=float16)
    kind, rows = np.dtype("float16" if float16 else "float32"), Role(out=0, into=1)
    dense = encode(W.astype(kind), rows, parse(form), target).dense.astype(np.float32)
    left = encode(np.ascontiguousarray(L.T).astype(kind), rows, parse(form), target).dense.T.astype(np.float32)
    plain = write(tmp_path / "plain", model(dense, left), target=target, float16=float16)
    got, want = predict(written.path, {"x": X})["y"], predict(plain.path, {"x": X})["y"]
    np.testing.assert_array_equal(got, want)
    assert np.abs(got - np_outputs()).max() > 1e-3
    assert written.op_counts == plain.op_counts


def test_the_reference_is_right(tmp_path: Path) -> None:
    got = predict(write(tmp_path, model(), float16=False).path, {"x": X})["y"]
    np.testing.assert_allclose(got, np_outputs(), rtol=1e-4, atol=1e-3)


def test_what_became_of_each_weight_is_told(tmp_path: Path) -> None:
    written = write(tmp_path, model(), "int8", float16=False)
    assert written.weights is not None
    assert sorted((tensor.shape, tensor.before, tensor.after, tensor.why) for tensor in written.weights.tensors) == [
        ((32, 64), 8192, 2048 + 64 * 5, ""),
        ((32, 64, 1, 3), 24576, 6144 + 32 * 5, ""),
        ((64, 32), 8192, 2048 + 32 * 5, ""),
    ]
    assert written.weights.before == 8192 * 2 + 24576
    assert all(tensor.sqnr_db > 40 for tensor in written.weights.tensors)
    types = [operation.type for operation in read(written.path).functions["main"].block.operations]
    assert types.count("constexpr_affine_dequantize") == 3
    size = sum(file.stat().st_size for file in written.path.rglob("weight.bin"))
    assert written.weights.after < size < written.weights.after + SMALL.nbytes + 3000


def product(inner: int, columns: int) -> ir.Model:
    weights = RNG.standard_normal((inner, columns)).astype(np.float32)
    return model_of(
        f'<ir_version: 10, opset_import: ["" : 23]> g (float[2,{inner}] x) => (float[2,{columns}] y)'
        "{ y = MatMul(x, w) }",
        w=weights,
    )


@pytest.mark.parametrize(
    ("form", "inner", "columns", "why"),
    [
        ("sparse", 48, 64, "it would take 6528 bytes in place of 6144"),
        ("int4:block=64", 67, 64, "it would take 10720 bytes in place of 8576"),
        ("palette8:group=16", 64, 67, "it would take 38592 bytes in place of 8576"),
    ],
)
def test_what_would_not_be_smaller_stays_and_is_told(
    form: str, inner: int, columns: int, why: str, tmp_path: Path
) -> None:
    written = write(tmp_path, product(inner, columns), form, target="iOS18")
    assert written.weights is not None
    (tensor,) = written.weights.tensors
    assert (tensor.why, tensor.before, tensor.after) == (why, inner * columns * 2, inner * columns * 2)


@pytest.mark.parametrize(("form", "after"), [("int4:block=32", 3072 // 2 + 2 * 2 * 64), ("palette4:group=24", 1664)])
def test_blocks_and_groups_that_do_not_divide_are_made_smaller(form: str, after: int, tmp_path: Path) -> None:
    written = write(tmp_path, product(48, 64), form, target="iOS18")
    assert written.weights is not None
    assert [(tensor.why, tensor.after) for tensor in written.weights.tensors] == [("", after)]


def test_a_target_without_the_format_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(PortproofError, match="int4:block=32 need iOS18, and the target is iOS17"):
        write(tmp_path, model(), "int4", target="iOS17")
    assert not (tmp_path / "m.mlpackage").exists()
