"""Einsum."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

EQUATIONS = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("ij,jk", [(2, 3), (3, 4)]),
    ("bhqd,bhkd->bhqk", [(2, 3, 4, 5), (2, 3, 2, 5)]),
    ("bhqk,bhkd->bqhd", [(2, 3, 4, 5), (2, 3, 5, 2)]),
    ("...ij,...jk->...ik", [(2, 4, 2, 3), (1, 4, 3, 2)]),
    ("bij->ij", [(2, 3, 4)]),
    ("ii->i", [(3, 3)]),
    ("bii", [(2, 3, 3)]),
    ("i,j->ij", [(3,), (4,)]),
    ("i,i", [(3,), (3,)]),
    ("ij,ij->", [(2, 3), (2, 3)]),
    ("ab,bc,cd->ad", [(2, 3), (3, 4), (4, 2)]),
    ("nchw,nwhu->nchu", [(1, 2, 3, 4), (1, 4, 3, 2)]),
    ("bnd,de->bne", [(2, 3, 4), (4, 5)]),
]


@pytest.mark.parametrize("part", [0, 1])
def test_equations(part: int) -> None:
    cases = {}
    for place, (equation, shapes) in enumerate(EQUATIONS[part::2]):
        fed = {f"i{number}": grid(*shape, seed=number) for number, shape in enumerate(shapes)}
        cases[f"c{place}"] = node_model("Einsum", fed, equation=equation), fed
    check_all(cases, rtol=1e-4, atol=1e-5)


def test_scores_are_one_product() -> None:
    fed = {"q": grid(1, 2, 4, 5), "k": grid(1, 2, 3, 5)}
    check(node_model("Einsum", fed, equation="bhqd,bhkd->bhqk"), fed, rtol=1e-4, atol=1e-5, expect=["matmul"])


def test_more_axes_than_there_are() -> None:
    fed = {"a": grid(1, 2, 1), "b": grid(1, 1, 2)}
    with pytest.raises(PortproofError, match="at most 5"):
        run(node_model("Einsum", fed, equation="abc,def->abcdef"), fed)
    assert np.einsum("abc,def->abcdef", *fed.values()).ndim == 6
