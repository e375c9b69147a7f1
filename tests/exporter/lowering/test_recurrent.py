"""Directions and activations that the attributes of recurrent layers ask for."""

import pytest

from portproof.exporter.lowering.recurrent import activations, of_directions, reverses
from portproof.exporter.lowering.refusal import Refusal

FUNCTIONS = {
    name: lambda b, x, *values: (b, x, values)
    for name in ("sigmoid", "leakyrelu", "tanh", "hardsigmoid", "elu", "affine", "thresholdedrelu")
}


def test_values_go_to_the_functions_that_have_them() -> None:
    found = activations(["Sigmoid", "LeakyRelu", "Tanh", "HardSigmoid", "ELU"], [0.1, 0.2, 0.3], [0.5], FUNCTIONS)
    assert [(item.name, item.values) for item in found] == [
        ("sigmoid", ()),
        ("leakyrelu", (0.1,)),
        ("tanh", ()),
        ("hardsigmoid", (0.2, 0.5)),
        ("elu", (0.3,)),
    ]
    assert found[3]("b", "x") == ("b", "x", (0.2, 0.5))


@pytest.mark.parametrize(
    ("names", "alphas", "betas", "why"),
    [
        (["Tanh"], [0.1], None, "more values"),
        (["Affine"], [0.1], None, "affine needs its values"),
        (["ThresholdedRelu"], None, None, "thresholdedrelu needs its values"),
        (["Tan"], None, None, "activation tan is unknown"),
    ],
)
def test_what_is_refused(names: list[str], alphas: list[float] | None, betas: list[float] | None, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        activations(names, alphas, betas, FUNCTIONS)


def test_each_direction_has_its_own() -> None:
    usual, how = ["Sigmoid", "Tanh"], {"count": 2, "functions": FUNCTIONS}
    both = of_directions(["Elu", "Tanh", "LeakyRelu", "Sigmoid"], [0.5, 0.25], None, usual=usual, **how)
    assert [[item.name for item in one] for one in both] == [["elu", "tanh"], ["leakyrelu", "sigmoid"]]
    assert [one[0].values for one in both] == [(0.5,), (0.25,)]
    assert [[item.name for item in one] for one in of_directions(None, None, None, usual=usual, **how)] == [
        ["sigmoid", "tanh"]
    ] * 2
    with pytest.raises(Refusal, match="3 activations for 2 directions of 2"):
        of_directions(["Tanh"] * 3, None, None, usual=usual, **how)


def test_directions() -> None:
    assert (reverses("forward", 1), reverses("reverse", 1), reverses("bidirectional", 2)) == (
        [False],
        [True],
        [False, True],
    )
    with pytest.raises(Refusal, match="direction backward"):
        reverses("backward", 1)
    with pytest.raises(Refusal, match="forward with weights for 2 directions"):
        reverses("forward", 2)
