"""Simple and gated recurrent units; sequences are [time, batch, features]."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.gates import activation as named
from portproof.runtimes.coreml.gates import all_or_last, check_shapes, in_order, initial
from portproof.runtimes.coreml.registry import mil_op


@mil_op("rnn")
def rnn(
    x: torch.Tensor,
    initial_h: torch.Tensor,
    weight_ih: torch.Tensor,
    weight_hh: torch.Tensor,
    bias: torch.Tensor | None = None,
    direction: str = "forward",
    output_sequence: bool = False,
    activation: str = "tanh",
) -> tuple[torch.Tensor, torch.Tensor]:
    """h = activation(W_ih x + W_hh h + bias). Gives the steps' h, or the last one's alone, and the final h."""
    check_shapes(x, weight_ih, weight_hh, 1)
    act = named(activation)
    inputs = in_order(F.linear(x, weight_ih, bias), direction)
    hidden, steps = initial(initial_h, x.shape[1], weight_hh.shape[1]), []
    for step in inputs:
        hidden = act(torch.addmm(step, hidden, weight_hh.t()))
        steps.append(hidden)
    return all_or_last(torch.stack(steps), output_sequence), hidden


@mil_op("gru")
def gru_15(
    x: torch.Tensor,
    initial_h: torch.Tensor,
    weight_ih: torch.Tensor,
    weight_hh: torch.Tensor,
    bias: torch.Tensor | None = None,
    direction: str = "forward",
    output_sequence: bool = False,
    recurrent_activation: str = "sigmoid",
    activation: str = "tanh",
) -> tuple[torch.Tensor, torch.Tensor]:
    """Reset r, new o and update z, in this order in the weights; the reset acts before the product with W_ho.

    r, z = recurrent_activation(W_i x + W_h h + b); o = activation(W_io x + W_ho (r * h) + b); h = (1 - z) * o + z * h.
    """
    return gru(
        x,
        initial_h,
        weight_ih,
        weight_hh,
        bias,
        direction,
        output_sequence,
        recurrent_activation,
        activation,
    )


@mil_op("gru", since="CoreML8")
def gru(
    x: torch.Tensor,
    initial_h: torch.Tensor,
    weight_ih: torch.Tensor,
    weight_hh: torch.Tensor,
    bias: torch.Tensor | None = None,
    direction: str = "forward",
    output_sequence: bool = False,
    recurrent_activation: str = "sigmoid",
    activation: str = "tanh",
    reset_after: bool = False,
    input_bias: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """As before; with `reset_after`, o = activation(W_io x + input_bias + r * (W_ho h + bias)), as torch does it."""
    check_shapes(x, weight_ih, weight_hh, 3)
    gate, new = named(recurrent_activation), named(activation)
    inputs = in_order(F.linear(x, weight_ih, input_bias), direction)
    inner = torch.zeros(weight_hh.shape[0], dtype=x.dtype) if bias is None else bias
    (weight_r, weight_o, weight_z), (bias_r, bias_o, bias_z) = weight_hh.chunk(3), inner.chunk(3)
    hidden, steps = initial(initial_h, x.shape[1], weight_hh.shape[1]), []
    for step in inputs:
        in_r, in_o, in_z = step.chunk(3, 1)
        r = gate(in_r + F.linear(hidden, weight_r, bias_r))
        z = gate(in_z + F.linear(hidden, weight_z, bias_z))
        if reset_after:
            o = new(in_o + r * F.linear(hidden, weight_o, bias_o))
        else:
            o = new(in_o + F.linear(r * hidden, weight_o, bias_o))
        hidden = (1 - z) * o + z * hidden
        steps.append(hidden)
    return all_or_last(torch.stack(steps), output_sequence), hidden
