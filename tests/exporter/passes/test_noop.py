import numpy as np
import pytest

from portproof.exporter.passes.noop import RemoveNoOps

X = "g (float[2,3,4] x) => (float[2,3,4] y) "


@pytest.mark.parametrize(
    "node",
    [
        "Identity(x)",
        "Dropout(x)",
        "Cast<to = 1>(x)",
        "CastLike(x, x)",
        "Reshape(x, same)",
        "Expand(x, ones)",
        "Tile(x, ones)",
        "Transpose<perm = [0, 1, 2]>(x)",
        "Pad(x, nothing)",
        "Slice(x, zero, large)",
        "Concat<axis = 0>(x)",
        "Max(x)",
        "Mul(x, one)",
        "Div(x, one)",
        "Add(x, naught)",
        "Sub(x, naught)",
    ],
)
def test_a_node_that_changes_nothing_goes(run, node):
    weights = {
        "same": np.array([2, 3, 4]), "ones": np.array([1, 1, 1]), "nothing": np.zeros(6, np.int64),
        "zero": np.array([0]), "large": np.array([2**31]),
        "one": np.ones(1, np.float32), "naught": np.zeros((), np.float32),
    }  # fmt: skip
    used = {name: array for name, array in weights.items() if name in node}
    outcome = run(RemoveNoOps(), X + f"{{ a = {node}\n y = Relu(a) }}", **used)
    assert outcome.modified
    assert outcome.ops == ["Relu"]
    assert outcome.max_error == 0


@pytest.mark.parametrize(
    ("node", "weights"),
    [
        ("Cast<to = 10>(x)", {}),
        ("Transpose<perm = [0, 2, 1]>(x)", {}),
        ("Pad(x, some)", {"some": np.array([0, 0, 0, 1, 0, 0])}),
        ("Slice(x, zero, one)", {"zero": np.array([0]), "one": np.array([1])}),
        ("Slice(x, last, front, axis, back)",
         {"last": np.array([-1]), "front": np.array([-9]), "axis": np.array([0]), "back": np.array([-1])}),
        ("Expand(x, wide)", {"wide": np.array([5, 1, 1, 1])}),
        ("Mul(x, two)", {"two": np.full(1, 2, np.float32)}),
        ("Add(x, ones)", {"ones": np.ones(4, np.float32)}),
        ("Mul(x, wider)", {"wider": np.ones((1, 1, 1, 1), np.float32)}),
        ("Sub(naught, x)", {"naught": np.zeros((), np.float32)}),
        ("Reshape(x, other)", {"other": np.array([3, 2, 4])}),
    ],
)  # fmt: skip
def test_a_node_that_changes_something_stays(run, node, weights):
    dims = "p,q,r,s" if "wide" in node else "p,q,r"
    kind = "float16" if "Cast" in node else "float"
    text = f"g (float[2,3,4] x) => ({kind}[{dims}] y) {{ y = {node} }}"
    outcome = run(RemoveNoOps(), text, **weights)
    assert not outcome.modified
    assert len(outcome.ops) == 1


def test_dropout_that_trains_stays(run):
    weights = {"ratio": np.float32(0.0), "on": np.array(True)}
    weights = {name: np.asarray(value) for name, value in weights.items()}
    assert not run(RemoveNoOps(), X + "{ y = Dropout(x, ratio, on) }", **weights).modified


def test_an_output_takes_its_name_along(run):
    outcome = run(RemoveNoOps(), X + "{ a = Relu(x)\n y = Identity(a) }")
    assert outcome.ops == ["Relu"]
    assert outcome.only.outputs[0].name == "y"


def test_an_input_that_is_an_output_keeps_its_identity(run):
    outcome = run(RemoveNoOps(), X + "{ y = Identity(x) }")
    assert outcome.ops == ["Identity"]


def test_two_outputs_of_one_value_keep_an_identity(run):
    text = "g (float[2] x) => (float[2] y, float[2] z) { y = Relu(x)\n z = Identity(y) }"
    assert run(RemoveNoOps(), text).ops == ["Relu", "Identity"]


def test_a_constant_output_keeps_its_node(run):
    outcome = run(RemoveNoOps(), "g () => (float[2] y) { y = Identity(w) }", w=np.ones(2, np.float32))
    assert outcome.ops == ["Identity"]
