"""Packages with open sizes: ranges and enumerated shapes, run at several of them."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml import convert
from portproof.runtimes.coreml import predict
from portproof.runtimes.coreml.parse import read

RNG = np.random.default_rng(0)
HEAD = '<ir_version: 10, opset_import: ["": 23]> '
IMAGE = """g (float[N,3,H,W] x) => (float[N,4] y) {
    a = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]> (x, w)
    c = Relu (a)
    p = GlobalAveragePool (c)
    f = Flatten (p)
    y = MatMul (f, m) }"""
TOKENS = """g (float[N,T,8] x, float[N,T] mask) => (float[N,T,8] y, float[N,8] last, int64[3] s) {
    q = MatMul (x, w)
    r = Reshape (q, four)
    h = Transpose <perm = [0, 2, 1, 3]> (r)
    a = Attention <is_causal = 1> (h, h, h)
    t = Transpose <perm = [0, 2, 1, 3]> (a)
    u = Reshape (t, three)
    e = Unsqueeze (mask, two)
    y = Mul (u, e)
    c, d = Split <axis = 2, num_outputs = 2> (y)
    j = Concat <axis = 2> (d, c)
    last = Gather <axis = 1> (j, minus)
    s = Shape (y)
}"""


POSITIONS = """g (float[1,T,8] x) => (float[1,T,A,4] y, float[1,8] last) {
    n = Shape <start = 1, end = 2> (x)
    p = Slice (table, zero, n, zero)
    a = Add (x, p)
    s = Concat <axis = 0> (one, n, rest, four)
    y = Reshape (a, s)
    last = GatherND (x, place)
}"""


def saved(folder: Path, text: str, **constants: np.ndarray) -> Path:
    proto = onnx.parser.parse_model(HEAD + text)
    proto.graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in constants.items())
    onnx.save(proto, folder / "m.onnx")
    return folder / "m.onnx"


def weights(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32) / 3


def image(folder: Path) -> Path:
    return saved(folder, IMAGE, w=weights(4, 3, 3, 3), m=weights(4, 4))


def tokens(folder: Path) -> Path:
    shapes = {"four": np.array([0, 0, 2, 4]), "three": np.array([0, 0, 8])}
    return saved(folder, TOKENS, w=weights(8, 8), two=np.array([2]), minus=np.array(-1), **shapes)


def agrees(source: Path, package: Path, inputs: dict[str, np.ndarray]) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(source), providers=["CPUExecutionProvider"])
    want = dict(zip([item.name for item in session.get_outputs()], session.run(None, inputs), strict=True))
    got = predict(package, inputs)
    for name, array in want.items():
        np.testing.assert_allclose(got[name], array, rtol=1e-4, atol=1e-5, err_msg=name)
        assert got[name].shape == array.shape


def test_an_image_of_any_size_in_a_range(tmp_path: Path) -> None:
    source, package = image(tmp_path), tmp_path / "m.mlpackage"
    convert(source, package, float16=False, dims={"N": (1, 4), "H": (8, 64), "W": (8, 64)})
    for shape in [(1, 3, 8, 8), (4, 3, 17, 64), (2, 3, 30, 9)]:
        agrees(source, package, {"x": weights(*shape)})
    (feature,) = read(package).interfaces["main"].inputs
    assert [(limit.lower, limit.upper) for limit in feature.ranges] == [(1, 4), (3, 3), (8, 64), (8, 64)]


@pytest.mark.parametrize("target", ["iOS16", "iOS18"])
def test_sequences_of_any_length_in_a_range(tmp_path: Path, target: str) -> None:
    source, package = tokens(tmp_path), tmp_path / "m.mlpackage"
    convert(source, package, float16=False, target=target, dims={"N": (1, 3), "T": (1, 32)})
    for batch, length in [(1, 1), (2, 7), (3, 32)]:
        agrees(source, package, {"x": weights(batch, length, 8), "mask": weights(batch, length)})


def test_positions_as_long_as_the_input_and_what_is_left(tmp_path: Path) -> None:
    numbers = {"zero": [0], "one": [1], "rest": [-1], "four": [4]}
    constants = {name: np.array(value, np.int64) for name, value in numbers.items()}
    source = saved(tmp_path, POSITIONS, table=weights(16, 8), place=np.array([[0, -1]]), **constants)
    convert(source, tmp_path / "m.mlpackage", float16=False, dims={"T": (1, 16)})
    for length in (1, 16):
        agrees(source, tmp_path / "m.mlpackage", {"x": weights(1, length, 8)})


def test_a_size_outside_of_the_range_is_an_error(tmp_path: Path) -> None:
    package = tmp_path / "m.mlpackage"
    convert(image(tmp_path), package, dims={"N": (1, 1), "H": (8, 16), "W": (8, 16)})
    with pytest.raises(PortproofError, match="17"):
        predict(package, {"x": weights(1, 3, 8, 17)})


def test_steps_enumerate_the_shapes(tmp_path: Path) -> None:
    source, package = image(tmp_path), tmp_path / "m.mlpackage"
    convert(source, package, float16=False, dims={"N": (1, 1), "H": (8, 24, 8), "W": (8, 16, 8)})
    (feature,) = read(package).interfaces["main"].inputs
    assert feature.enumerated == tuple((1, 3, h, w) for h in (8, 16, 24) for w in (8, 16))
    agrees(source, package, {"x": weights(1, 3, 24, 8)})
    with pytest.raises(PortproofError):
        predict(package, {"x": weights(1, 3, 12, 8)})


def test_enumerated_shapes_of_two_inputs_need_ios18(tmp_path: Path) -> None:
    source, package = tokens(tmp_path), tmp_path / "m.mlpackage"
    sizes: Any = {"N": (1, 1), "T": (4, 12, 4)}
    with pytest.raises(PortproofError, match="x and mask have sizes to be enumerated"):
        convert(source, package, dims=sizes)
    convert(source, package, float16=False, target="iOS18", dims=sizes)
    agrees(source, package, {"x": weights(1, 8, 8), "mask": weights(1, 8)})


def test_float16(tmp_path: Path) -> None:
    source, package = image(tmp_path), tmp_path / "m.mlpackage"
    convert(source, package, dims={"N": (1, 2), "H": (8, 64), "W": (8, 64)})
    got = [predict(package, {"x": np.ones((1, 3, side, side), np.float32)})["y"] for side in (16, 32)]
    assert all(np.isfinite(array).all() for array in got)


def test_ranges_without_an_end_and_too_many_shapes_are_refused(tmp_path: Path) -> None:
    source = image(tmp_path)
    endless: Any = {"N": (1, None), "H": (8, 9), "W": (8, 9)}
    with pytest.raises(PortproofError, match=r"N:1\.\. has no largest size") as caught:
        convert(source, tmp_path / "m.mlpackage", dims=endless)
    assert caught.value.messages[0].hint == "say how large it gets: N:1..512"
    with pytest.raises(PortproofError, match="at most"):
        convert(source, tmp_path / "m.mlpackage", dims={"N": (1, 1), "H": (8, 200, 8), "W": (8, 200, 8)})
    with pytest.raises(PortproofError, match="no fixed shape"):
        convert(source, tmp_path / "m.mlpackage")
