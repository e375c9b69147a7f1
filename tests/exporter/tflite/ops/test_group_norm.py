import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal, refusal


def norm(op: str, x: np.ndarray, size: int | None = None, **attributes):
    constants = {name: normal(size or x.shape[1], seed=seed).astype(x.dtype) for seed, name in ((1, "s"), (2, "b"))}
    return node_model(op, {"x": x}, constants=constants, **attributes)


@pytest.mark.parametrize("shape", [(2, 3, 5), (1, 4, 4, 4), (2, 3, 4, 5), (1, 2, 3, 3, 3)])
def test_instance_norm(shape: tuple[int, ...]) -> None:
    x = normal(*shape)
    check(norm("InstanceNormalization", x, epsilon=1e-3), {"x": x}, rtol=1e-4, atol=1e-5)
    check(norm("InstanceNormalization", x, opset=7), {"x": x}, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2, 4, 8])
@pytest.mark.parametrize("shape", [(2, 8), (2, 8, 5), (2, 8, 8, 8), (1, 8, 3, 4), (1, 8, 2, 3, 2)])
def test_group_norm(shape: tuple[int, ...], groups: int) -> None:
    x = normal(*shape)
    check(norm("GroupNormalization", x, num_groups=groups), {"x": x}, oracle="reference", rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_group_norm_of_opset_18_scales_groups(groups: int) -> None:
    x = normal(2, 4, 3, 3)
    model = norm("GroupNormalization", x, groups, num_groups=groups, opset=18)
    check(model, {"x": x}, oracle="reference", rtol=1e-4, atol=1e-5)


def test_the_image_is_never_reshaped() -> None:
    from portproof.exporter.tflite.lower import lower

    model = lower(norm("GroupNormalization", normal(2, 4, 8, 8), num_groups=2))
    reshaped = [node.outputs[0].shape for node in model.graph if node.op_type == "RESHAPE"]
    assert reshaped
    assert all(np.prod(shape.numpy()) == 2 * 4 for shape in reshaped)


@pytest.mark.parametrize("op", ["InstanceNormalization", "GroupNormalization"])
def test_float16(op: str) -> None:
    x = normal(1, 4, 3, 3).astype(np.float16)
    groups = {"num_groups": 2} if op == "GroupNormalization" else {}
    check(norm(op, x, **groups), {"x": x}, oracle="reference", rtol=1e-2, atol=1e-2)


@SMALL
@given(st.data())
def test_any_shape(data: st.DataObject) -> None:
    n, groups, members = (data.draw(st.integers(1, 3)) for _ in range(3))
    x = normal(n, groups * members, *data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    model = norm("GroupNormalization", x, num_groups=groups, epsilon=0.1)
    check(model, {"x": x}, oracle="reference", rtol=1e-4, atol=1e-5)


def test_refusals() -> None:
    assert "float64" in narrowed(norm("InstanceNormalization", np.zeros((1, 2, 3))))
    assert "3 groups" in refusal(norm("GroupNormalization", normal(1, 4, 2), num_groups=3))
