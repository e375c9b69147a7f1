"""The networks of ncnn's benchmark that are others than torchvision's of the same name.

Layers, strides and channels are those of ``benchmark/*.param`` in ncnn's repository (BSD-3-Clause): GoogLeNet and
ResNet-50 as Caffe has them, SqueezeNet with a padded last convolution, MobileNetV2 with an expansion in its first
block, MobileNetV3 with the last stride a block later. Its other networks are torchvision's, timm's or MobileNetV1.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

#: Of GoogLeNet's modules: channels of 1x1, 3x3 (reduced, out), 5x5 (reduced, out), pooled; None: a pooling.
_INCEPTIONS = (
    (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), None,
    (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), None,
    (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128),
)  # fmt: skip
#: Of MobileNetV3's blocks: expanded, out, kernel, stride, channels of squeeze and excite, whether hard swish.
_V3_BLOCKS = (
    (16, 16, 3, 1, 0, False), (64, 24, 3, 2, 0, False), (72, 24, 3, 1, 0, False), (72, 40, 5, 2, 18, False),
    (120, 40, 5, 1, 30, False), (120, 40, 5, 1, 30, False), (240, 80, 3, 2, 0, True), (200, 80, 3, 1, 0, True),
    (184, 80, 3, 1, 0, True), (184, 80, 3, 1, 0, True), (480, 112, 3, 1, 120, True), (672, 112, 3, 1, 168, True),
    (672, 160, 5, 1, 168, True), (672, 160, 5, 2, 168, True), (960, 160, 5, 1, 240, True),
)  # fmt: skip


def module(name: str, torchvision_module: Callable[[str], nn.Module]) -> nn.Module:
    """What ncnn measured as ``tv.NAME``; `torchvision_module` makes those that differ in a layer or two."""
    if name in _WHOLE:
        return _WHOLE[name]()
    made = torchvision_module(name)
    _CHANGES[name](made)
    return made


class _ResponseNorm(torch.autograd.Function):
    """Caffe's local response normalization as ONNX's LRN; its values are not needed here."""

    @staticmethod
    def forward(_: Any, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def symbolic(g: Any, x: Any) -> Any:
        return g.op("LRN", x, size_i=5, alpha_f=1e-4, beta_f=0.75, bias_f=1.0)


class _Norm(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return _ResponseNorm.apply(x)


class _Inception(nn.Module):
    def __init__(self, inputs: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        one, three_in, three, five_in, five, pooled = channels
        self.branches = nn.ModuleList(
            [
                _conv(inputs, one, 1),
                nn.Sequential(_conv(inputs, three_in, 1), _conv(three_in, three, 3)),
                nn.Sequential(_conv(inputs, five_in, 1), _conv(five_in, five, 5)),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), _conv(inputs, pooled, 1)),
            ]
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


def _conv(inputs: int, outputs: int, window: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, window, stride, window // 2), nn.ReLU())


def _googlenet() -> nn.Module:
    def pool() -> nn.Module:
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    parts = [_conv(3, 64, 7, 2), pool(), _Norm(), _conv(64, 64, 1), _conv(64, 192, 3), _Norm(), pool()]
    channels = 192
    for row in _INCEPTIONS:
        if row is None:
            parts.append(pool())
        else:
            parts.append(_Inception(channels, row))
            channels = row[0] + row[2] + row[4] + row[5]
    return nn.Sequential(*parts, nn.AvgPool2d(7), nn.Flatten(), nn.Linear(channels, 1000))


class _Excite(nn.Module):
    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, squeezed), nn.ReLU(),
            nn.Linear(squeezed, channels), nn.Hardsigmoid(),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gate(x)[:, :, None, None]


class _Block(nn.Module):
    """Expand, depthwise, squeeze and excite before the activation, project."""

    def __init__(self, inputs: int, row: tuple[int, int, int, int, int, bool]) -> None:
        super().__init__()
        expanded, outputs, window, stride, squeezed, hard = row
        active = nn.Hardswish if hard else nn.ReLU
        expand = [nn.Conv2d(inputs, expanded, 1), active()] if expanded != inputs else []
        depthwise = nn.Conv2d(expanded, expanded, window, stride, window // 2, groups=expanded)
        excite = [_Excite(expanded, squeezed)] if squeezed else []
        self.body = nn.Sequential(*expand, depthwise, *excite, active(), nn.Conv2d(expanded, outputs, 1))
        # The last stage begins twice with 672 channels, the second time with a stride: no sum in either.
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x) if self.adds else self.body(x)


def _mobilenet_v3() -> nn.Module:
    parts: list[nn.Module] = [nn.Conv2d(3, 16, 3, 2, 1), nn.Hardswish()]
    channels = 16
    for row in _V3_BLOCKS:
        parts.append(_Block(channels, row))
        channels = row[1]
    head = [nn.Conv2d(channels, 960, 1), nn.Hardswish(), nn.AdaptiveAvgPool2d(1), nn.Hardswish(), nn.Flatten()]
    return nn.Sequential(*parts, *head, nn.Linear(960, 1280), nn.Hardswish(), nn.Linear(1280, 1000))


def _stride_first(resnet: Any) -> None:
    """Caffe's ResNet halves the image in a block's first 1x1 convolution, torchvision's in its 3x3."""
    for stage in (resnet.layer2, resnet.layer3, resnet.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)


def _pad_last(squeezenet: Any) -> None:
    squeezenet.classifier[1].padding = (1, 1)


def _expand_first(mobilenet: Any) -> None:
    first = mobilenet.features[1]
    first.conv = nn.Sequential(nn.Conv2d(32, 32, 1), nn.ReLU6(), *first.conv)


_WHOLE = {"googlenet": _googlenet, "mobilenet_v3_large": _mobilenet_v3}
_CHANGES = {"resnet50": _stride_first, "squeezenet1_1": _pad_last, "mobilenet_v2": _expand_first}
