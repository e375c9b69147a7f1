"""The networks of Qualcomm's AI Hub that are others than torchvision's or timm's of the same name.

What differs is told by ``qai_hub_models/models/*/model.py`` (BSD-3-Clause) and by the numbers of layers that its
profiles count: BEiT and MobileViT are Hugging Face's, with queries, keys and values as products of their own and the
scale behind the first product; Swin's windows are cut without a sixth axis, and no product of it has more than 512
channels in or out where it is wider. The parts here compute the same with random weights, and have the same layers.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

_WIDEST = 512


def module(architecture: str, original: Callable[[str], nn.Module]) -> nn.Module:
    """What AI Hub measured as ``tv.NAME`` or ``timm.NAME``; `original` makes the one of that name."""
    made = original(architecture)
    _replace(made, "PatchMerging", _split_merging)
    _replace(made, "ShiftedWindowAttention", WindowAttention)
    _replace(made, "Attention", Attention)
    return made


def _replace(whole: nn.Module, name: str, made: Callable[[Any], nn.Module]) -> None:
    """Each part whose class is called `name`, by what `made` makes of it."""
    for part in list(whole.modules()):
        for key, child in list(part.named_children()):
            if type(child).__name__ == name:
                setattr(part, key, made(child))


class Split(nn.Module):
    """A product cut into parts of at most 512 channels, in and out: float [..., ins] to [..., outs]."""

    def __init__(self, ins: int, outs: int, *, bias: bool = True) -> None:
        super().__init__()
        self.columns = -(-ins // _WIDEST)
        rows = -(-outs // _WIDEST)
        self.parts = nn.ModuleList(
            nn.ModuleList(
                nn.Linear(ins // self.columns, outs // rows, bias=bias and column == 0)
                for column in range(self.columns)
            )
            for _ in range(rows)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        given = x.chunk(self.columns, -1) if self.columns > 1 else (x,)
        rows = []
        for row in self.parts:
            total = row[0](given[0])
            for part, chunk in zip(list(row)[1:], given[1:], strict=True):
                total = total + part(chunk)
            rows.append(total)
        return torch.cat(rows, -1) if len(rows) > 1 else rows[0]


def _split_merging(merging: Any) -> nn.Module:
    """Swin's halving of the image, its product cut."""
    outs, ins = merging.reduction.weight.shape
    merging.reduction = Split(ins, outs, bias=False)
    return merging  # type: ignore[no-any-return]


class Attention(nn.Module):
    """timm's attention with three products for queries, keys and values: float [1, positions, channels]."""

    def __init__(self, given: Any) -> None:
        super().__init__()
        channels = given.proj.weight.shape[0]
        self.heads = given.num_heads
        self.query, self.key, self.value, self.proj = (nn.Linear(channels, channels) for _ in range(4))
        biased = getattr(given, "relative_position_bias_table", None) is not None
        bias = given._get_rel_pos_bias().detach().clone() if biased else None  # the constant that its table spells out
        self.register_buffer("bias", bias)

    def forward(self, x: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        batch, positions, channels = x.shape
        shape = (batch, positions, self.heads, channels // self.heads)
        query, key, value = (part(x).view(shape).transpose(1, 2) for part in (self.query, self.key, self.value))
        scores = query @ key.transpose(-1, -2) * shape[-1] ** -0.5
        if self.bias is not None:
            scores = scores + self.bias
        return self.proj((scores.softmax(-1) @ value).transpose(1, 2).reshape(x.shape))  # type: ignore[no-any-return]


class WindowAttention(nn.Module):
    """Swin's attention within windows of an image, channels last: float [1, height, width, channels]."""

    def __init__(self, given: Any) -> None:
        super().__init__()
        channels = given.proj.weight.shape[0]
        self.heads, self.window, self.shift = given.num_heads, given.window_size[0], given.shift_size[0]
        self.query, self.key, self.value = (Split(channels, channels) for _ in range(3))
        self.proj = nn.Linear(channels, channels)
        self.register_buffer("bias", given.get_relative_position_bias().detach().clone())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, height, width, channels = x.shape
        window = self.window
        if width % window or height % window:
            x = nn.functional.pad(x, (0, 0, 0, -width % window, 0, -height % window))
        rows, columns = x.shape[1] // window, x.shape[2] // window
        shift = self.shift if min(rows, columns) > 1 else 0
        if shift:
            x = torch.roll(x, (-shift, -shift), (1, 2))
        x = x.view(rows, window, columns, window * channels).permute(0, 2, 1, 3)
        x = self._attend(x.reshape(rows * columns, window * window, channels), masked=shift > 0)
        x = x.view(rows, columns, window, window * channels).permute(0, 2, 1, 3)
        x = x.reshape(1, rows * window, columns * window, channels)
        if shift:
            x = torch.roll(x, (shift, shift), (1, 2))
        return x[:, :height, :width, :].contiguous()

    def _attend(self, x: torch.Tensor, *, masked: bool) -> torch.Tensor:
        windows, positions, channels = x.shape
        shape = (windows, positions, self.heads, channels // self.heads)
        query, key, value = (part(x).reshape(shape).transpose(1, 2) for part in (self.query, self.key, self.value))
        scores = (query * shape[-1] ** -0.5) @ key.transpose(-1, -2) + self.bias
        if masked:  # what its values are costs nothing: windows over an edge of the image do not see beyond it
            flat = scores.view(1, windows, self.heads, positions * positions)
            scores = (flat + torch.zeros(1, windows, 1, positions * positions)).view(scores.shape)
        return self.proj((scores.softmax(-1) @ value).transpose(1, 2).reshape(x.shape))  # type: ignore[no-any-return]
