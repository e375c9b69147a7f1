"""Random models of branches and loops inside of each other: the file does as ONNX Runtime does."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from tests.exporter.tflite.ops.control_support import YES, agrees, floats, model, scalar

TYPE = "float[2,3]"
CONSTANTS = {
    "shape": np.array([2, 3]),
    "w": floats(3, 3, seed=9) / 2,
    "tenth": scalar(0.1, "float32"),
    "one": scalar(1),
    "two": scalar(2),
    "twenty": scalar(20),
    "yes": YES,
    "axis": np.array([0]),
}
SIMPLE = (
    "{o} = Add({a}, {b})",
    "{o} = Mul({a}, {b})",
    "{o} = Tanh({a})",
    "{o} = MatMul({a}, w)",
    "{o} = Identity({a})",
    "{o}t = Transpose<perm = [1, 0]>({a})\n{o} = Reshape({o}t, shape)",
)


def lines(random: Random, known: Sequence[str], prefix: str, depth: int) -> tuple[str, str]:
    """Some nodes that read `known` and each other, and the name of the last value; all values have one shape."""
    names, text = list(known), []
    for index in range(random.randint(1, 4)):
        name = f"{prefix}{index}"
        kind = random.choice(["simple", "simple", "branch", "loop"]) if depth < 2 else "simple"
        a, b = random.choice(names), random.choice(names)
        if kind == "simple":
            text.append(random.choice(SIMPLE).format(o=name, a=a, b=b))
        else:
            text.append((branch if kind == "branch" else loop)(random, names, name, a, depth))
        names.append(name)
    return "\n".join(text), names[-1]


def branch(random: Random, names: Sequence[str], name: str, a: str, depth: int) -> str:
    (then, t), (other, e) = (lines(random, names, f"{name}{letter}", depth + 1) for letter in "te")
    return f"""{name}m = ReduceMean<keepdims = 0>({a})
        {name}c = Greater({name}m, tenth)
        {name} = If({name}c) <then_branch = {name}T () => ({TYPE} {t}o) {{ {then}
            {t}o = Identity({t}) }}, else_branch = {name}E () => ({TYPE} {e}o) {{ {other}
            {e}o = Identity({e}) }}>"""


def loop(random: Random, names: Sequence[str], name: str, a: str, depth: int) -> str:
    """The sum of its rows is what it gives."""
    step, last = lines(random, [*names, f"{name}s"], f"{name}l", depth + 1)
    return f"""{name}y, {name}z = Loop({random.choice(["one", "two", "twenty"])}, yes, {a}) <
        body = {name}B (int64 {name}i, bool {name}d, {TYPE} {name}s)
            => (bool {name}e, {TYPE} {last}o, {TYPE} {last}r) {{
            {name}e = Identity({name}d)
            {step}
            {last}o = Tanh({last})
            {last}r = Neg({name}s) }}>
        {name}q = ReduceSum<keepdims = 0>({name}z, axis)
        {name} = Add({name}q, {name}y)"""


@pytest.mark.parametrize("seed", [0, 1, 4, 5, 6, 11])  # with branches and loops
def test_random_bodies(seed: int) -> None:
    text, last = lines(Random(seed), ["x", "y"], "v", 0)  # noqa: S311 (a model, no secret)
    assert "Loop(" in text
    built = f"g ({TYPE} x, {TYPE} y) => ({TYPE} out) {{ {text}\nout = Neg({last}) }}"
    constants = {name: array for name, array in CONSTANTS.items() if name in built}
    agrees(model(built, **constants), {"x": floats(2, 3), "y": floats(2, 3, seed=1)}, rtol=1e-3, atol=1e-4)
