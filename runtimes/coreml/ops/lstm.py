"""Long short-term memory; sequences are [time, batch, features]."""

from dataclasses import dataclass

import torch

from portproof.runtimes.coreml.gates import activation as named
from portproof.runtimes.coreml.gates import all_or_last, check_shapes, in_order, initial
from portproof.runtimes.coreml.registry import mil_op


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cell:
    """One direction; gates in the order input, forget, output, cell. `names`: recurrent, cell and output activation."""

    weight_ih: torch.Tensor
    weight_hh: torch.Tensor
    bias: torch.Tensor | None
    peephole: torch.Tensor | None
    names: tuple[str, str, str]
    clip: float | None


@mil_op("lstm")
def lstm(
    x: torch.Tensor,
    initial_h: torch.Tensor,
    initial_c: torch.Tensor,
    weight_ih: torch.Tensor,
    weight_hh: torch.Tensor,
    bias: torch.Tensor | None = None,
    peephole: torch.Tensor | None = None,
    weight_ih_back: torch.Tensor | None = None,
    weight_hh_back: torch.Tensor | None = None,
    bias_back: torch.Tensor | None = None,
    peephole_back: torch.Tensor | None = None,
    direction: str = "forward",
    output_sequence: bool = False,
    recurrent_activation: str = "sigmoid",
    cell_activation: str = "tanh",
    activation: str = "tanh",
    clip: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gives the steps' h, or the last one's alone, the final h and the final c.

    Of a ``bidirectional`` one, forward and backward halves lie side by side on the last axis of states and outputs; the
    backward half of the steps is in the order of the input. `clip` bounds c, before the output gate sees it.
    """
    names = (recurrent_activation, cell_activation, activation)
    cell = _Cell(weight_ih=weight_ih, weight_hh=weight_hh, bias=bias, peephole=peephole, names=names, clip=clip)
    if direction != "bidirectional":
        steps, h, c = _run(in_order(x, direction), initial_h, initial_c, cell)
        return all_or_last(steps, output_sequence), h, c
    if weight_ih_back is None or weight_hh_back is None:
        raise ValueError("a bidirectional lstm needs weight_ih_back and weight_hh_back")
    back = _Cell(
        weight_ih=weight_ih_back,
        weight_hh=weight_hh_back,
        bias=bias_back,
        peephole=peephole_back,
        names=names,
        clip=clip,
    )
    size = weight_hh.shape[1]
    steps, h, c = _run(x, initial_h[:, :size], initial_c[:, :size], cell)
    steps_back, h_back, c_back = _run(x.flip(0), initial_h[:, size:], initial_c[:, size:], back)
    back_steps = steps_back.flip(0) if output_sequence else steps_back[-1:]
    both = torch.cat([all_or_last(steps, output_sequence), back_steps], 2)
    return both, torch.cat([h, h_back], 1), torch.cat([c, c_back], 1)


def _run(
    x: torch.Tensor, h: torch.Tensor, c: torch.Tensor, cell: _Cell
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    check_shapes(x, cell.weight_ih, cell.weight_hh, 4)
    h, c = (initial(state, x.shape[1], cell.weight_hh.shape[1]) for state in (h, c))
    if cell.names == ("sigmoid", "tanh", "tanh") and cell.peephole is None and cell.clip is None:
        return _run_in_torch(x, h, c, cell)
    inputs = torch.nn.functional.linear(x, cell.weight_ih, cell.bias)
    steps = []
    for step in inputs:
        h, c = _step(step, h, c, cell)
        steps.append(h)
    return torch.stack(steps), h, c


def _step(inputs: torch.Tensor, h: torch.Tensor, c: torch.Tensor, cell: _Cell) -> tuple[torch.Tensor, torch.Tensor]:
    gate, new, out = (named(name) for name in cell.names)
    i, f, o, z = torch.addmm(inputs, h, cell.weight_hh.t()).chunk(4, 1)
    if cell.peephole is not None:
        see_i, see_f, see_o = cell.peephole.chunk(3)
        i, f = i + c * see_i, f + c * see_f
    c = gate(f) * c + gate(i) * new(z)
    if cell.clip is not None:
        c = c.clamp(-cell.clip, cell.clip)
    if cell.peephole is not None:
        o = o + c * see_o
    return gate(o) * out(c), c


def _run_in_torch(
    x: torch.Tensor, h: torch.Tensor, c: torch.Tensor, cell: _Cell
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The usual cell by torch, whose gates come in the order input, forget, cell, output."""
    weights = [_reordered(cell.weight_ih), _reordered(cell.weight_hh)]
    if cell.bias is not None:
        weights += [_reordered(cell.bias), torch.zeros_like(cell.bias)]
    steps, last_h, last_c = torch.lstm(
        x,
        (h.unsqueeze(0).contiguous(), c.unsqueeze(0).contiguous()),
        weights,
        cell.bias is not None,
        1,
        0.0,
        False,
        False,
        False,
    )
    return steps, last_h.squeeze(0), last_c.squeeze(0)


def _reordered(gates: torch.Tensor) -> torch.Tensor:
    i, f, o, z = gates.chunk(4)
    return torch.cat([i, f, z, o])
