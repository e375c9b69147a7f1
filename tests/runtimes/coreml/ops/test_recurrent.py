"""rnn, gru and lstm against torch's modules and against the formulas of the documentation, step by step."""

from typing import Any

import numpy as np
import pytest
import torch
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

STEPS, BATCH, INPUTS, HIDDEN = 5, 2, 3, 4
RNG = np.random.default_rng(0)


def _random(*shape: int) -> np.ndarray:
    return RNG.uniform(-1, 1, shape).astype(np.float32)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


ACT: dict[str, Any] = {
    "tanh": np.tanh,
    "scaled_tanh": np.tanh,
    "sigmoid": _sigmoid,
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}


def _inputs(gates: int, states: int) -> dict[str, np.ndarray]:
    made = {
        "x": _random(STEPS, BATCH, INPUTS),
        "initial_h": _random(BATCH, HIDDEN),
        "weight_ih": _random(gates * HIDDEN, INPUTS),
        "weight_hh": _random(gates * HIDDEN, HIDDEN),
        "bias": _random(gates * HIDDEN),
    }
    return made | ({"initial_c": _random(BATCH, HIDDEN)} if states == 2 else {})


def _ordered(x: np.ndarray, direction: str) -> np.ndarray:
    return x[::-1] if direction == "reverse" else x


def _close(got: list[np.ndarray], want: list[np.ndarray]) -> None:
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("sequence", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_rnn(direction: str, sequence: bool, activation: str) -> None:
    p = _inputs(1, 1)
    h, steps = p["initial_h"], []
    for x in _ordered(p["x"], direction):
        h = ACT[activation](x @ p["weight_ih"].T + h @ p["weight_hh"].T + p["bias"])
        steps.append(h)
    options: dict[str, Any] = {"direction": direction, "output_sequence": sequence, "activation": activation}
    _close(run("rnn", "float32 float32", **p, **options), [np.stack(steps if sequence else steps[-1:]), h])


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("sequence", [False, True])
@pytest.mark.parametrize(("recurrent", "activation"), [("sigmoid", "tanh"), ("hard_sigmoid", "relu")])
@pytest.mark.parametrize("opset", ["CoreML5", "CoreML8"])
def test_gru_resets_before_the_product(
    direction: str, sequence: bool, recurrent: str, activation: str, opset: str
) -> None:
    p = _inputs(3, 1)
    (w_r, w_o, w_z), (u_r, u_o, u_z), (b_r, b_o, b_z) = (np.split(p[n], 3) for n in ("weight_ih", "weight_hh", "bias"))
    h, steps = p["initial_h"], []
    for x in _ordered(p["x"], direction):
        r = ACT[recurrent](x @ w_r.T + h @ u_r.T + b_r)
        z = ACT[recurrent](x @ w_z.T + h @ u_z.T + b_z)
        o = ACT[activation](x @ w_o.T + (r * h) @ u_o.T + b_o)
        h = (1 - z) * o + z * h
        steps.append(h)
    options: dict[str, Any] = {"direction": direction, "output_sequence": sequence, "opset": opset}
    got = run("gru", "float32 float32", **p, **options, recurrent_activation=recurrent, activation=activation)
    _close(got, [np.stack(steps if sequence else steps[-1:]), h])


def _torch_gates(module: torch.nn.Module, order: list[int], suffix: str = "") -> dict[str, np.ndarray]:
    """A torch module's weights with its gates in MIL's order."""
    state = {name: value.detach().numpy() for name, value in module.state_dict().items()}
    return {
        mil: np.concatenate([np.split(state[f"{name}_l0{suffix}"], len(order))[gate] for gate in order])
        for mil, name in (
            ("weight_ih", "weight_ih"),
            ("weight_hh", "weight_hh"),
            ("b_i", "bias_ih"),
            ("b_h", "bias_hh"),
        )
    }


def test_gru_that_resets_after_is_torchs() -> None:
    module = torch.nn.GRU(INPUTS, HIDDEN)
    p = _torch_gates(module, [0, 2, 1])  # torch: r z n; MIL: r o z
    x, h = _random(STEPS, BATCH, INPUTS), _random(BATCH, HIDDEN)
    with torch.no_grad():
        steps, last = module(torch.from_numpy(x), torch.from_numpy(h)[None])
    common: dict[str, Any] = {"x": x, "initial_h": h, "weight_ih": p["weight_ih"], "weight_hh": p["weight_hh"]}
    got = run(
        "gru",
        f"float32[{STEPS},{BATCH},{HIDDEN}] float32",
        **common,
        bias=p["b_h"],
        input_bias=p["b_i"],
        reset_after=True,
        output_sequence=True,
        opset="CoreML8",
    )
    _close(got, [steps.numpy(), last[0].numpy()])
    with pytest.raises(PortproofError, match="reset_after"):
        run("gru", "float32 float32", **common, reset_after=True, opset="CoreML7")


@pytest.mark.parametrize("sequence", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_a_bidirectional_lstm_is_torchs(sequence: bool, bias: bool) -> None:
    module = torch.nn.LSTM(INPUTS, HIDDEN, bidirectional=True)
    order = [0, 1, 3, 2]  # torch: i f g o; MIL: i f o z
    there, back = _torch_gates(module, order), _torch_gates(module, order, "_reverse")
    if not bias:
        for name in ("bias_ih_l0", "bias_hh_l0", "bias_ih_l0_reverse", "bias_hh_l0_reverse"):
            getattr(module, name).data.zero_()
    x, h, c = _random(STEPS, BATCH, INPUTS), _random(2, BATCH, HIDDEN), _random(2, BATCH, HIDDEN)
    with torch.no_grad():
        steps, (last_h, last_c) = module(torch.from_numpy(x), (torch.from_numpy(h), torch.from_numpy(c)))
    ends = torch.cat([steps[-1:, :, :HIDDEN], steps[:1, :, HIDDEN:]], 2)
    got = run(
        "lstm",
        "float32 float32 float32",
        x=x,
        initial_h=np.concatenate(list(h), 1),
        initial_c=np.concatenate(list(c), 1),
        weight_ih=there["weight_ih"],
        weight_hh=there["weight_hh"],
        bias=there["b_i"] + there["b_h"] if bias else None,
        weight_ih_back=back["weight_ih"],
        weight_hh_back=back["weight_hh"],
        bias_back=back["b_i"] + back["b_h"] if bias else None,
        direction="bidirectional",
        output_sequence=sequence,
    )
    _close(got, [(steps if sequence else ends).numpy(), *(torch.cat(list(t), 1).numpy() for t in (last_h, last_c))])


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("clip", [None, 0.3])
@pytest.mark.parametrize("peephole", [False, True])
@pytest.mark.parametrize(
    "names", [("sigmoid", "tanh", "tanh"), ("hard_sigmoid", "relu", "linear"), ("relu", "scaled_tanh", "hard_sigmoid")]
)
def test_lstm_by_its_formulas(direction: str, clip: float | None, peephole: bool, names: tuple[str, str, str]) -> None:
    p = _inputs(4, 2)
    see = _random(3 * HIDDEN) if peephole else None
    see_i, see_f, see_o = np.split(np.zeros(3 * HIDDEN, np.float32) if see is None else see, 3)
    gate, new, out = (ACT[name] for name in names)
    h, c, steps = p["initial_h"], p["initial_c"], []
    for x in _ordered(p["x"], direction):
        i, f, o, z = np.split(x @ p["weight_ih"].T + h @ p["weight_hh"].T + p["bias"], 4, 1)
        c = gate(f + c * see_f) * c + gate(i + c * see_i) * new(z)
        c = c if clip is None else np.clip(c, -clip, clip)
        h = gate(o + c * see_o) * out(c)
        steps.append(h)
    got = run(
        "lstm",
        "float32 float32 float32",
        **p,
        peephole=see,
        clip=clip,
        direction=direction,
        output_sequence=True,
        recurrent_activation=names[0],
        cell_activation=names[1],
        activation=names[2],
    )
    _close(got, [np.stack(steps), h, c])


def test_zeros_for_another_batch_are_zeros() -> None:
    p = _inputs(4, 2) | {"initial_h": np.zeros((7, HIDDEN), np.float32), "initial_c": np.zeros((7, HIDDEN), np.float32)}
    fitting = p | {name: p[name][:BATCH] for name in ("initial_h", "initial_c")}
    _close(run("lstm", "float32 float32 float32", **p), run("lstm", "float32 float32 float32", **fitting))
    with pytest.raises(PortproofError, match="a state of shape"):
        run("lstm", "float32 float32 float32", **(p | {"initial_h": _random(7, HIDDEN)}))


def test_float16_is_rounded_at_the_end() -> None:
    p = {name: value.astype(np.float16) for name, value in _inputs(4, 2).items()}
    got = run("lstm", "float16 float16 float16", **p, opset="CoreML7")
    wide = run("lstm", "float32 float32 float32", **{name: v.astype(np.float32) for name, v in p.items()})
    for one, other in zip(got, wide, strict=True):
        assert np.array_equal(one, other.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize(
    ("op", "parameters", "why"),
    [
        ("rnn", {"activation": "swish"}, "no activation 'swish'"),
        ("gru", {"recurrent_activation": "gelu"}, "no activation 'gelu'"),
        ("gru", {"direction": "bidirectional"}, "no direction 'bidirectional'"),
        ("lstm", {"direction": "backward"}, "no direction 'backward'"),
        ("lstm", {"direction": "bidirectional"}, "needs weight_ih_back"),
        ("lstm", {"cell_activation": ""}, "no activation ''"),
        ("lstm", {"weight_hh": _random(4 * HIDDEN, HIDDEN + 1)}, "do not hold 4 gates"),
        ("lstm", {"initial_c": _random(BATCH, HIDDEN + 1)}, "a state of shape"),
        ("rnn", {"x": _random(STEPS, INPUTS)}, "an input of shape"),
        ("gru", {"x": _random(0, BATCH, INPUTS)}, "without steps"),
    ],
)
def test_what_is_refused(op: str, parameters: dict[str, Any], why: str) -> None:
    gates, states = {"rnn": (1, 1), "gru": (3, 1), "lstm": (4, 2)}[op]
    with pytest.raises(PortproofError, match=why):
        run(op, " ".join(["float32"] * (states + 1)), **(_inputs(gates, states) | parameters))
