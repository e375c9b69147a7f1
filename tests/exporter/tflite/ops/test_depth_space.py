import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of
from tests.exporter.tflite.ops.samples import SMALL, normal, refusal, whole

FORMS = [("DepthToSpace", {"mode": "DCR"}), ("DepthToSpace", {"mode": "CRD"}), ("SpaceToDepth", {})]


@pytest.mark.parametrize(("op", "attributes"), FORMS)
@pytest.mark.parametrize(
    ("shape", "block"), [((1, 4, 4, 4), 2), ((2, 16, 6, 4), 2), ((1, 9, 3, 6), 3), ((1, 4, 2, 2), 1)]
)
def test_images(op: str, attributes: dict, shape: tuple[int, ...], block: int) -> None:
    x = normal(*shape)
    check(node_model(op, {"x": x}, blocksize=block, **attributes), {"x": x}, rtol=0, atol=0)


def test_one_channel_needs_no_reordering() -> None:
    x = normal(1, 4, 3, 3)
    model = node_model("DepthToSpace", {"x": x}, blocksize=2, mode="CRD")
    assert ops_of(model) == {"DEPTH_TO_SPACE": 1, "TRANSPOSE": 2}


@pytest.mark.parametrize(("op", "attributes"), FORMS)
@pytest.mark.parametrize("dtype", ["float16", "int8", "uint8", "int16", "int32", "int64"])
def test_types(op: str, attributes: dict, dtype: str) -> None:
    x = whole(1, 8, 2, 2, dtype=dtype)
    check(node_model(op, {"x": x}, blocksize=2, **attributes), {"x": x}, oracle="reference")


@pytest.mark.parametrize("opset", [7, 11, 13])
def test_versions(opset: int) -> None:
    x = normal(1, 8, 2, 2)
    for op in ("DepthToSpace", "SpaceToDepth"):
        check(node_model(op, {"x": x}, blocksize=2, opset=opset), {"x": x}, rtol=0, atol=0)


@SMALL
@given(st.data())
def test_any_block(data: st.DataObject) -> None:
    block, depth, n, h, w = (data.draw(st.integers(1, high)) for high in (3, 3, 2, 3, 3))
    op, attributes = data.draw(st.sampled_from(FORMS))
    x = normal(n, depth * block**2, h, w) if op == "DepthToSpace" else normal(n, depth, h * block, w * block)
    check(node_model(op, {"x": x}, blocksize=block, **attributes), {"x": x}, rtol=0, atol=0)


def test_unknown_type_is_refused_by_name() -> None:
    model = node_model("DepthToSpace", {"x": np.zeros((1, 4, 2, 2))}, blocksize=2)
    assert "float64" in refusal(model)


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_both_orders_of_what_is_gathered(mode: str) -> None:
    x = whole(2, 3, 4, 4, dtype="float32")
    model = node_model("SpaceToDepth", {"x": x}, blocksize=2, mode=mode, opset=28)
    check(model, {"x": x}, oracle="reference")
