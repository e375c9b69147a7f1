import onnx_ir as ir
import pytest

from portproof.exporter.lowering.refusal import Refusal, UnknownShape
from portproof.exporter.tflite.items import Nothing, TensorList, flat, like, same_form, tensors_of

A, B, C = (ir.Value(name=name) for name in "abc")
PAIR = TensorList(items=(A, B))


def test_flat_and_back() -> None:
    items = [PAIR, C, Nothing(), TensorList(items=())]
    assert flat(items) == [A, B, C]
    assert like(items, [C, B, A]) == [TensorList(items=(C, B)), A, Nothing(), TensorList(items=())]


@pytest.mark.parametrize("other", [[C], [PAIR, C], [TensorList(items=(A,))], [Nothing()], []])
def test_forms_differ(other: list) -> None:
    assert same_form([PAIR], [TensorList(items=(B, C))])
    assert not same_form([PAIR], other)


def test_tensors_of() -> None:
    assert tensors_of(PAIR, "s") == (A, B)
    with pytest.raises(UnknownShape):
        tensors_of(A, "s")
    with pytest.raises(Refusal, match="s holds nothing"):
        tensors_of(Nothing(), "s")
