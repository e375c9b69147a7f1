import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import few, nodes, refused, sample, sizes, verify

from portproof.exporter.lowering.equations import parse

CASES = [
    ("ij,jk->ik", (3, 4), (4, 5)),
    ("ij,kj->ik", (3, 4), (5, 4)),
    ("ij,jk", (3, 4), (4, 5)),
    ("ba,ca", (3, 4), (3, 4)),
    ("bhid,bhjd->bhij", (2, 3, 3, 4), (2, 3, 5, 4)),
    ("bhij,bhjd->bihd", (2, 3, 3, 4), (2, 3, 4, 2)),
    ("nchw,nkc->nkhw", (2, 3, 3, 3), (2, 4, 3)),
    ("bnqd,bnkd->bnqk", (1, 2, 2, 2), (1, 2, 2, 2)),
    ("i,j->ij", (3,), (4,)),
    ("i,i->", (4,), (4,)),
    ("ij,ij->ij", (3, 3), (3, 3)),
    ("ij,j->i", (3, 4), (4,)),
    ("ijk,ikl->jl", (2, 3, 4), (2, 4, 5)),
    ("abc,dc->bd", (2, 3, 4), (5, 4)),
    ("...ij,...jk->...ik", (2, 3, 4), (1, 4, 5)),
    ("...ij, jk -> ...ik", (2, 2, 3, 4), (4, 5)),
    ("b...i,ij->b...j", (2, 3, 2, 4), (4, 5)),
    ("a...,b...->ab...", (2, 3), (4, 3)),
]


@pytest.mark.parametrize(("equation", "left", "right"), CASES)
@pytest.mark.parametrize("constant", [[], [1]])
def test_two_operands(equation: str, left: tuple, right: tuple, constant: list[int]) -> None:
    verify("Einsum", sample(left), sample(right, seed=1), constant=constant, equation=equation)


@pytest.mark.parametrize(
    ("equation", "left", "right"),
    [
        ("ii->i", (3, 3), None),
        ("...ii->...i", (2, 3, 3), None),
        ("ii", (4, 4), None),
        ("iii->i", (2, 2, 2), None),
        ("bii,ij->bj", (2, 3, 3), (3, 4)),
        ("ij,jj->i", (3, 3), (3, 3)),
    ],
)
def test_diagonals(equation: str, left: tuple, right: tuple | None) -> None:
    arrays = [sample(shape, seed=seed) for seed, shape in enumerate((left, right)) if shape is not None]
    verify("Einsum", *arrays, equation=equation, want=np.asarray(np.einsum(equation, *arrays)))


@pytest.mark.parametrize(
    ("equation", "shape"),
    [("ij->ji", (2, 3)), ("ijk->j", (2, 3, 3)), ("ij->", (3, 3)), ("...i->i...", (2, 2, 3)), ("ba", (2, 3))],
)
def test_one_operand(equation: str, shape: tuple) -> None:
    verify("Einsum", sample(shape), equation=equation)


@pytest.mark.parametrize("equation", ["ij,jk,kl->il", "ij,jk,kl->li", "ij,jk,kj->ik"])
def test_three_operands(equation: str) -> None:
    arrays = [sample((3, 3), seed=seed) for seed in range(3)]
    verify("Einsum", *arrays, equation=equation, want=np.einsum(equation, *arrays), rtol=1e-4)


def test_integers() -> None:
    x, y = sample((3, 4), "int64"), sample((4, 2), "int64", seed=1)
    verify("Einsum", x, y, equation="ij,jk->ki", want=np.einsum("ij,jk->ki", x, y))
    verify("Einsum", x, equation="ij->j", want=x.sum(0))


def test_a_product_is_one_kernel() -> None:
    verify("Einsum", sample((2, 3, 4)), sample((2, 4, 5)), equation="bij,bjk->bik", expect=["BATCH_MATMUL"])


@pytest.mark.parametrize(
    ("equation", "ranks", "want"),
    [
        ("ij,jk", [2, 2], (["ij", "jk"], "ik")),
        ("...i,i->...", [3, 1], (["abi", "i"], "ab")),
        ("...i,...i", [2, 3], (["bi", "abi"], "ab")),
    ],
)
def test_letters(equation: str, ranks: list[int], want: tuple[list[str], str]) -> None:
    assert parse(equation, ranks) == want


@pytest.mark.parametrize(
    ("equation", "words"),
    [("ij,jk->ik", "terms"), ("ijk->i", "rank 2"), ("ij->ik", "no input"), ("ij->ii", "twice")],
)
def test_refusals(equation: str, words: str) -> None:
    model, fed = nodes("Einsum", sample((3, 3)), equation="ij->ji")
    model.graph.node(0).attributes["equation"] = ir.AttrString("equation", equation)
    refused((model, fed), words)


@few
@given(st.data())
def test_any_letters(data: st.DataObject) -> None:
    length = {letter: data.draw(sizes) for letter in "abcd"}
    terms = [data.draw(st.permutations("abcd"))[: data.draw(st.integers(1, 4))] for _ in range(2)]
    letters = sorted({letter for term in terms for letter in term})
    out = data.draw(st.permutations(letters))[: data.draw(st.integers(0, len(letters)))]
    equation = f"{''.join(terms[0])},{''.join(terms[1])}->{''.join(out)}"
    arrays = [sample([length[letter] for letter in term], seed=seed) for seed, term in enumerate(terms)]
    verify("Einsum", *arrays, equation=equation, want=np.asarray(np.einsum(equation, *arrays)), rtol=1e-4, atol=1e-5)
