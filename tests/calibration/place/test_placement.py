import numpy as np
import onnx_ir as ir
import pytest
from nets import conv_net, images, with_weights

from portproof.calibration.observe.collect import Collector
from portproof.calibration.place.placement import Placement, place
from portproof.calibration.place.shared import shared_ranges
from portproof.calibration.prepare import prepare
from portproof.device_profiles import integer_kernels

RULES = integer_kernels.load()
SIZE = "1,32,32,32"


def placed(body: str, weights: dict[str, tuple[int, ...]], **options: object) -> Placement:
    text = f'<ir_version: 10, opset_import: ["" : 20]>\nnet (float[{SIZE}] x) => (float[{SIZE}] y) {body}'
    arrays = {name: np.ones(shape) for name, shape in weights.items()}
    return place(prepare(with_weights(ir.from_onnx_text(text), arrays)), RULES, **options)  # type: ignore[arg-type]


def op_types(placement: Placement) -> list[str]:
    return [region.head.op_type for region in placement.regions if region.name in placement.integer]


def test_a_plain_cnn_is_all_integer() -> None:
    found = place(prepare(conv_net()), RULES)
    assert op_types(found) == ["Conv", "Conv", "Add", "ReduceMean", "Gemm"]
    assert dict(found.why_float) == {}
    assert [len(group.members) for group in found.groups] == [1] * 6
    assert found.fused == {node.name for region in found.regions for node in region.rest}


def test_what_has_no_kernel_is_an_island_with_a_reason() -> None:
    body = "{ a = Conv(x, w) b = Gelu(a) y = Conv(b, v) }"
    found = placed(body, {"w": (32, 32, 1, 1), "v": (32, 32, 1, 1)})
    assert op_types(found) == ["Conv", "Conv"]
    assert list(found.why_float.values()) == ["LiteRT with XNNPACK has no integer kernel for Gelu"]


def test_a_lone_add_between_islands_is_not_worth_its_conversions() -> None:
    body = "{ c = Conv(x, w) g = Gelu(c) h = Gelu(c) s = Add(g, h) t = Gelu(s) y = Conv(t, w) }"
    found = placed(body, {"w": (32, 32, 1, 1)})
    assert op_types(found) == ["Conv", "Conv"]
    reasons = [why for why in found.why_float.values() if "costs more than the integer kernel saves" in why]
    assert len(reasons) == 1


@pytest.mark.parametrize("asked", ["Add", "s"])
def test_what_is_asked_for_in_integers_is_whatever_it_costs(asked: str) -> None:
    body = "{ c = Conv(x, w) g = Gelu(c) h = Gelu(c) [s] s = Add(g, h) t = Gelu(s) y = Conv(t, w) }"
    found = placed(body, {"w": (32, 32, 1, 1)}, integers=[asked])
    assert op_types(found) == ["Conv", "Add", "Conv"]
    assert "s" not in found.why_float
    assert op_types(placed(body, {"w": (32, 32, 1, 1)}, integers=["Gelu"])) == ["Conv", "Conv"]  # it has no kernel


def test_the_residual_stream_between_float_normalisations_stays_float_and_products_do_not() -> None:
    body = """{ n = LayerNormalization(x, g) p = MatMul(n, w) r = Add(p, x) m = LayerNormalization(r, g)
      q = MatMul(m, w) y = Add(q, r) }"""
    found = placed(body, {"g": (32,), "w": (32, 32)})
    assert op_types(found) == ["MatMul", "MatMul"]


def test_values_that_are_moved_or_joined_share_an_encoding() -> None:
    body = """{ a = Conv(x, w) b = Conv(x, w) c = Concat<axis = 1>(a, b) t = Transpose<perm = [0,1,3,2]>(c)
      y = Conv(t, v) }"""
    found = placed(body, {"w": (32, 32, 1, 1), "v": (32, 64, 1, 1)})
    group = next(group for group in found.groups if len(group.members) > 1)
    assert (group.members, group.sources) == (("a", "b", "c", "t"), ("a", "b"))


def test_a_kernel_may_prescribe_its_output() -> None:
    found = placed("{ a = Conv(x, w) s = Sigmoid(a) m = Mul(a, s) y = Conv(m, w) }", {"w": (32, 32, 1, 1)})
    fixed = {group.members: group.fixed for group in found.groups if group.fixed is not None}
    assert fixed == {("s",): (1 / 256, -128)}
    assert "s" not in found.sources


def test_nodes_may_be_asked_to_stay_float() -> None:
    body = "{ a = Conv(x, w) b = Conv(a, w) y = Conv(b, w) }"
    plain = placed(body, {"w": (32, 32, 1, 1)})
    middle = plain.regions[1].name
    found = placed(body, {"w": (32, 32, 1, 1)}, apart={middle: "asked"})
    assert found.integer == plain.integer - {middle}
    assert found.why_float == {middle: "asked"}


@pytest.mark.parametrize(("factor", "apart"), [(1.0, 0), (100.0, 1)])
def test_joins_of_very_different_ranges_at_an_output_are_found(factor: float, apart: int) -> None:
    text = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,8,8,8] x) => (float[1,16,8,8] y) { a = Conv(x, w) b = Conv(x, v) y = Concat<axis = 1>(a, b) }
"""
    w = np.random.default_rng(0).normal(size=(8, 8, 1, 1))
    model = prepare(with_weights(ir.from_onnx_text(text), {"w": w, "v": w * factor}))
    found = place(model, RULES)
    collector = Collector(model, found.sources)
    collector.add(images(2, (1, 8, 8, 8)))
    shared = shared_ranges(found, collector.table.histograms)
    assert len(shared) == apart
    assert all("'b', whose range is" in why and "'a'" in why for why in shared.values())


@pytest.mark.parametrize(("narrow", "apart"), [("Sigmoid", 0), ("Tanh", 1), ("Relu", 1)])
def test_a_join_does_not_force_a_sigmoids_range_on_what_is_wider(narrow: str, apart: int) -> None:
    text = f"""
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,8,8,8] x) => (float[1,8,8,8] y)
{{ a = Conv(x, w) s = Sigmoid(a) b = Conv(x, w) n = {narrow}(b) j = Concat<axis = 1>(s, n) y = Conv(j, v) }}
"""
    chance = np.random.default_rng(0)
    weights = {"w": chance.normal(size=(8, 8, 1, 1)), "v": chance.normal(size=(8, 16, 1, 1))}
    model = prepare(with_weights(ir.from_onnx_text(text), weights))
    found = place(model, RULES)
    collector = Collector(model, found.sources)
    collector.add(images(2, (1, 8, 8, 8)))
    shared = shared_ranges(found, collector.table.histograms)
    assert len(shared) == apart
    assert all("'n', which spans" in why and "0 to 0.9961" in why for why in shared.values())


def test_layers_that_a_processor_computes_slower_in_integers_stay_float_there() -> None:
    text = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,16,64,64] x) => (float[1,64,16,16] y)
{ a = Conv<strides = [4,4]>(x, w) b = Conv(a, v) y = Conv(b, v) }
"""
    arrays = {"w": np.ones((64, 16, 4, 4)), "v": np.ones((64, 64, 1, 1))}
    model = prepare(with_weights(ir.from_onnx_text(text), arrays))
    anywhere, xeon = (place(model, RULES, processor=processor) for processor in ("", "x86_64"))
    first = model.graph[0].name
    assert first in anywhere.integer
    assert first not in xeon.integer
    assert "16 input channels" in xeon.why_float[first or ""]
    assert place(model, RULES, processor="aarch64") == anywhere
