"""The parts that AI Hub has otherwise compute what they stand for: stand-ins for torchvision's and timm's are given."""

import pytest
import torch
from tests.bench import qai_networks, survey_networks
from torch import nn


class ShiftedWindowAttention(nn.Module):
    """As much of torchvision's as is read."""

    def __init__(self, channels: int = 8, window: int = 4, shift: int = 0) -> None:
        super().__init__()
        self.proj = nn.Linear(channels, channels)
        self.num_heads, self.window_size, self.shift_size = 2, [window, window], [shift, shift]

    def get_relative_position_bias(self) -> torch.Tensor:
        positions = self.window_size[0] ** 2
        return torch.linspace(-3, 3, positions).repeat(1, self.num_heads, positions, 1)


class PatchMerging(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.reduction = nn.Linear(1536, 768, bias=False)


class Attention(nn.Module):
    """As much of timm's as is read."""

    def __init__(self, *, biased: bool) -> None:
        super().__init__()
        self.proj = nn.Linear(12, 12)
        self.num_heads = 3
        self.relative_position_bias_table = nn.Parameter(torch.zeros(4, 3)) if biased else None

    def _get_rel_pos_bias(self) -> torch.Tensor:
        return torch.linspace(-3, 3, 5).repeat(1, 3, 5, 1)


def test_no_product_of_a_split_one_is_wider_than_512() -> None:
    split = qai_networks.Split(1536, 768)
    sizes = [part.weight.shape for row in split.parts for part in row]
    assert sizes == [(384, 512)] * 6
    assert split(torch.zeros(2, 7, 1536)).shape == (2, 7, 768)


@pytest.mark.parametrize(("ins", "outs"), [(512, 512), (768, 384), (96, 1024)])
def test_a_split_product_is_linear_in_all_of_its_input(ins: int, outs: int) -> None:
    split = qai_networks.Split(ins, outs)
    x = torch.rand(3, ins)
    rows = [torch.cat([part.weight for part in row], 1) for row in split.parts]
    biases = [row[0].bias for row in split.parts]
    torch.testing.assert_close(split(x), x @ torch.cat(rows).T + torch.cat(biases))


@pytest.mark.parametrize("biased", [True, False])
def test_attention_is_torchs_own(biased: bool) -> None:
    made = qai_networks.Attention(Attention(biased=biased))
    x = torch.rand(1, 5, 12)
    heads = [part(x).view(1, 5, 3, 4).transpose(1, 2) for part in (made.query, made.key, made.value)]
    bias = Attention(biased=True)._get_rel_pos_bias() if biased else None
    expected = nn.functional.scaled_dot_product_attention(*heads, attn_mask=bias).transpose(1, 2).reshape(1, 5, 12)
    torch.testing.assert_close(made(x), made.proj(expected))


def test_a_window_sees_itself_alone() -> None:
    made = qai_networks.WindowAttention(ShiftedWindowAttention())
    x = torch.rand(1, 8, 8, 8)
    other = x.clone()
    other[0, 5, 1] += 1
    moved = (made(other) - made(x)).abs().sum(-1)[0] > 0
    assert moved[4:, :4].all()
    assert not moved[:4].any()
    assert not moved[:, 4:].any()


def test_windows_are_shifted_and_images_that_they_do_not_divide_padded() -> None:
    made = qai_networks.WindowAttention(ShiftedWindowAttention(shift=2))
    x = torch.rand(1, 7, 9, 8)
    assert made(x).shape == x.shape
    other = x.clone()
    other[0, 3, 3] += 1
    moved = (made(other) - made(x)).abs().sum(-1)[0] > 0
    assert moved[2:6, 2:6].all()
    assert not moved[:2, :2].any()


def test_one_window_is_not_shifted() -> None:
    shifted = qai_networks.WindowAttention(ShiftedWindowAttention(shift=2))
    still = qai_networks.WindowAttention(ShiftedWindowAttention())
    still.load_state_dict(shifted.state_dict())
    x = torch.rand(1, 4, 4, 8)
    torch.testing.assert_close(shifted(x), still(x))


def test_parts_are_replaced_wherever_they_are() -> None:
    def original(_: str) -> nn.Module:
        inner = nn.Sequential(ShiftedWindowAttention(), PatchMerging())
        return nn.Sequential(inner, Attention(biased=True))

    made = qai_networks.module("tv.swin_t", original)
    kinds = [type(part).__name__ for part in (made[0][0], made[0][1].reduction, made[1])]
    assert kinds == ["WindowAttention", "Split", "Attention"]
    assert isinstance(made[1], qai_networks.Attention)


def test_the_variant_is_made_of_the_architecture_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(survey_networks, "_of_timm", lambda name: asked.append(name) or nn.Sequential())
    survey_networks.module("timm.beit_base_patch16_224#qai")
    assert asked == ["beit_base_patch16_224"]
