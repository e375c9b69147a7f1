import numpy as np
import pytest

from portproof.exporter.passes.gelu import RecogniseGelu

TEXT = '<ir_version: 10, opset_import: ["" : %d]> g (float[2,8] x) => (float[2,8] y) {%s}'
CONSTANTS = {
    "r": np.array(np.sqrt(2), np.float32),
    "s": np.array([1 / np.sqrt(2)], np.float32),
    "h": np.array(0.5, np.float32),
    "o": np.array(1, np.float32),
    "c": np.array(0.044715, np.float32),
    "t": np.array(np.sqrt(2 / np.pi), np.float32),
    "three": np.array(3, np.float32),
}
ERF = [
    "d = Div(x, r) e = Erf(d) a = Add(e, o) m = Mul(h, a) y = Mul(x, m)",
    "d = Div(x, r) e = Erf(d) a = Add(e, o) m = Mul(x, a) y = Mul(m, h)",
    "d = Mul(s, x) e = Erf(d) a = Add(o, e) m = Mul(x, h) y = Mul(m, a)",
    "d = Mul(x, s) e = Erf(d) a = Add(o, e) m = Div(x, two) y = Mul(a, m)",
]
TANH = [
    "p = Pow(x, three) q = Mul(c, p) u = Add(x, q) v = Mul(t, u) e = Tanh(v) a = Add(o, e) m = Mul(h, x) y = Mul(m, a)",
    "w = Mul(x, x) p = Mul(w, x) q = Mul(p, c) u = Add(q, x) v = Mul(u, t) e = Tanh(v) a = Add(e, o) m = Mul(x, a) "
    "y = Mul(h, m)",
]


def apply(run, body: str, opset: int = 18, **changed: np.ndarray):
    arrays = CONSTANTS | {"two": np.array(2, np.float32)} | changed
    used = {
        name: array
        for name, array in arrays.items()
        if name in body.replace("(", " ").replace(")", " ").replace(",", " ").split()
    }
    return run(RecogniseGelu(), TEXT % (opset, body), **used)


@pytest.mark.parametrize("body", ERF)
def test_by_erf(run, body):
    outcome = apply(run, body)
    assert outcome.ops == ["Gelu"]
    assert outcome.only.domain == "com.microsoft"
    assert outcome.max_error < 1e-6


@pytest.mark.parametrize("body", TANH)
def test_by_tanh(run, body):
    outcome = apply(run, body)
    assert outcome.ops == ["FastGelu"]
    assert outcome.max_error < 1e-6


@pytest.mark.parametrize(("body", "form"), [(ERF[0], "none"), (TANH[0], "tanh")])
def test_onnx_has_the_node_from_opset_20_on(run, body, form):
    outcome = apply(run, body, opset=20)
    assert (outcome.only.domain, outcome.only.op_type) == ("", "Gelu")
    assert outcome.only.attributes["approximate"].value == form
    assert outcome.max_error < 1e-6


def test_of_a_product(run):
    outcome = apply(run, "z = Mul(x, two) d = Div(z, r) e = Erf(d) a = Add(e, o) m = Mul(h, a) y = Mul(z, m)")
    assert outcome.ops == ["Mul", "Gelu"]
    assert outcome.max_error < 1e-6


@pytest.mark.parametrize(
    "changed",
    [
        {"r": np.array(1.5, np.float32)},
        {"h": np.array(0.6, np.float32)},
        {"o": np.array(1.1, np.float32)},
        {"r": np.linspace(1, 2, 8).astype(np.float32)},
    ],
)
def test_other_numbers_are_something_else(run, changed):
    assert not apply(run, ERF[0], **changed).modified


@pytest.mark.parametrize("changed", [{"c": np.array(0.05, np.float32)}, {"t": np.array(0.8, np.float32)}])
def test_other_cubics_are_something_else(run, changed):
    assert not apply(run, TANH[0], **changed).modified


def test_the_gate_of_another_value_is_something_else(run):
    assert not apply(run, "n = Neg(x) d = Div(n, r) e = Erf(d) a = Add(e, o) m = Mul(h, a) y = Mul(x, m)").modified


def test_what_others_read_stays(run):
    outcome = apply(run, "d = Div(x, r) e = Erf(d) a = Add(e, o) m = Mul(h, a) g = Mul(x, m) y = Add(g, e)")
    assert sorted(outcome.ops) == ["Add", "Div", "Erf", "Gelu"]


def test_long_chains_of_squares_are_left(run):
    squares = " ".join(f"a{k + 1} = Mul(a{k}, a{k})" for k in range(40))
    assert not apply(run, f"a0 = Tanh(x) {squares} y = Mul(a40, a40)").modified
