"""Inputs that are pictures: the package is fed pixels and computes what the source computes of the values they make."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
import torch
from tests.exporter.tflite.harness import model_of, onnx_outputs

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml.conversion import IO_METADATA, write_model
from portproof.exporter.coreml.images import not_made_of_pixels
from portproof.exporter.images import ImageInput
from portproof.runtimes.coreml import predict
from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.parse import read
from portproof.runtimes.coreml.program import Package
from portproof.runtimes.dims import Dim
from portproof.runtimes.images import Preprocessing
from portproof.runtimes.pixels import PixelScale, from_pixels

IMAGENET: dict[str, Any] = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def source(dtype: str = "float", shape: str = "1,3,4,5", name: str = "photo") -> ir.Model:
    return model_of(
        f'<ir_version: 10, opset_import: ["" : 23]> g ({dtype}[{shape}] {name}) => ({dtype}[{shape}] y)'
        f"{{ y = Add({name}, {name}) }}"
    )


def declared(name: str = "photo", **options: Any) -> ImageInput:
    made = Preprocessing(size=(4, 5), resize=(4, 5), input=name, **options)
    return ImageInput(signature="serving_default", preprocessing=made)


def package(model: ir.Model, path: Path, image: ImageInput, **options: Any) -> Package:
    return read(write_model(model, path / "m.mlpackage", images=[image], **options).path)


def pixels(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1, channels, 4, 5)).astype(np.float32)


def check(model: ir.Model, path: Path, image: ImageInput, *, float16: bool = False, atol: float = 1e-5) -> Package:
    """Runs the package on pixels, and ONNX Runtime on what they stand for."""
    scale = PixelScale.of(image.preprocessing)
    dtype = np.dtype(model.graph.inputs[0].dtype.numpy())
    fed = pixels(len(scale.mean))
    want = onnx_outputs(model, {model.graph.inputs[0].name: from_pixels(fed, scale, dtype)}, oracle="ort")["y"]
    made = package(model, path, image, float16=float16)
    executable = Executable(made.functions["main"])
    got = executable.run({executable.input_names[0]: torch.from_numpy(fed)})["y"].numpy()
    np.testing.assert_allclose(got, want, atol=atol, rtol=0)
    return made


@pytest.mark.parametrize("float16", [False, True])
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_a_mean_and_a_deviation_for_each_channel(channels: Any, float16: bool, tmp_path: Path) -> None:
    image = declared(**IMAGENET, channels=channels)
    made = check(source(), tmp_path, image, float16=float16, atol=2e-2 if float16 else 1e-5)
    (feature,) = made.interfaces["main"].inputs
    assert (feature.kind, feature.name) == ("image", "photo")
    assert feature.image is not None
    assert (feature.image.colorspace, feature.image.height, feature.image.width) == (channels.upper(), 4, 5)


def test_one_for_all_channels_and_none(tmp_path: Path) -> None:
    check(source(), tmp_path / "one", declared(mean=(0.5,), std=(0.5,)))
    made = check(source(), tmp_path / "none", declared(scale=1.0))
    kinds = [operation.type for operation in made.functions["main"].block.operations]
    assert [kind for kind in kinds if kind not in ("const", "identity")] == ["add"]


def test_a_gray_picture_and_channels_last(tmp_path: Path) -> None:
    made = check(source(shape="1,1,4,5"), tmp_path / "gray", declared(channels="gray", mean=(0.5,)))
    assert made.interfaces["main"].inputs[0].image.colorspace == "GRAYSCALE"
    made = check(source(shape="1,4,5,3"), tmp_path / "last", declared(layout="nhwc", **IMAGENET))
    assert made.functions["main"].inputs[0].type.shape == (1, 3, 4, 5)


def test_whole_numbers_are_rounded_to(tmp_path: Path) -> None:
    check(source("int32"), tmp_path / "int32", declared(scale=1.0, mean=(128.0,), std=(2.0,)), atol=0)
    check(source("float16"), tmp_path / "float16", declared(mean=(0.5,), std=(0.5,)), atol=2e-3)


@pytest.mark.parametrize("step", [1, 2])
def test_pictures_of_several_sizes(step: int, tmp_path: Path) -> None:
    model = model_of(
        '<ir_version: 10, opset_import: ["" : 23]> g (float[1,3,h,5] photo) => (float[1,3,h,5] y) { y = Relu(photo) }'
    )
    dims = [Dim(name="h", low=4, high=8, step=step)]
    made = package(model, tmp_path, declared(scale=1.0, mean=(128.0,)), dims=dims, float16=False)
    (feature,) = made.interfaces["main"].inputs
    assert feature.enumerated == (() if step == 1 else ((4, 5), (6, 5), (8, 5)))
    assert [(size.lower, size.upper) for size in feature.ranges] == ([(4, 8), (5, 5)] if step == 1 else [])
    for height in (4, 8):
        fed = np.random.default_rng(height).integers(0, 256, (1, 3, height, 5)).astype(np.uint8)
        got = predict(made.path, {"photo": fed})["y"]
        np.testing.assert_array_equal(got, np.maximum(fed.astype(np.float32) - 128, 0))


def test_the_package_says_how_pixels_become_values(tmp_path: Path) -> None:
    made = package(source(), tmp_path, declared(**IMAGENET))
    (port,) = json.loads(made.metadata[IO_METADATA])["inputs"]
    assert PixelScale.read(port["image"]) == PixelScale.of(declared(**IMAGENET).preprocessing)


@pytest.mark.parametrize(
    ("model", "image", "code", "why"),
    [
        (source(), declared("phote"), "E-USAGE", ""),
        (source(shape="2,3,4,5"), declared(), "E-OP-UNSUPPORTED", "photo takes 2 pictures at once"),
        (source(shape="1,5,4,5"), declared(), "E-OP-UNSUPPORTED", "photo has 5 channels, and rgb has 3"),
        (source(shape="3,4,5"), declared(), "E-OP-UNSUPPORTED", "photo is declared a picture and has 3 axes"),
        (source("bool"), declared(), "E-OP-UNSUPPORTED", "photo is declared a picture and is of type BOOL"),
    ],
)
def test_what_is_no_picture(model: ir.Model, image: ImageInput, code: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        write_model(model, tmp_path / "m.mlpackage", images=[image])
    assert caught.value.code == code
    assert why in caught.value.messages[0].why


def test_samples_that_no_pixels_make_are_told_of() -> None:
    message = not_made_of_pixels("photo", 0.4444)
    assert (message.code, message.details) == ("W-IMAGE-PIXELS", {"input": "photo", "off_pixels": 0.4444})
    assert "'photo' are up to 0.444 away" in message.what
