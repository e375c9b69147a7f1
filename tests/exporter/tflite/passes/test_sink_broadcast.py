import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)
TEXT = """<ir_version: 9, opset_import: ["" : 18]> g (float[2,4,4,4] x, float[%s] m) => (float[2,4,4,4] y)
<int64[4] full = {2,1,4,4}, int64[4] all = {2,4,4,4}> {%s}"""


def ops(body: str, mask: tuple[int, ...] = (2, 1, 1, 4)) -> dict[str, int]:
    model = model_of(
        TEXT % (",".join(map(str, mask)), body),
        **({"low": np.array(-1, np.float32)} if "low" in body else {}),
        **({"axes": np.array([3 if "rows" in body else 2])} if "axes" in body else {}),
    )
    shapes = {"x": (2, 4, 4, 4), "m": mask}
    check(model, {name: RNG.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()})
    return convert_model(model, io_layout="keep").op_counts


@pytest.mark.parametrize("reader", ["Add(x, e)", "Mul(e, x)", "Sub(e, x)", "Max(x, e)"])
def test_the_reader_broadcasts(reader: str) -> None:
    assert "BROADCAST_TO" not in ops(f"e = Expand(m, full) r = {reader} y = Exp(r)")


@pytest.mark.parametrize("mask", [(4,), (1, 4), (4, 1, 4)])
def test_a_mask_of_lower_rank(mask: tuple[int, ...]) -> None:
    assert "BROADCAST_TO" not in ops("e = Expand(m, all) r = Add(x, e) y = Exp(r)", mask)


def test_through_what_clamps_it() -> None:
    counts = ops("e = Expand(m, full) c = Max(e, low) r = Add(x, c) y = Exp(r)")
    assert counts == {"ADD": 1, "EXP": 1, "MAXIMUM": 1}


def test_through_a_maximum_over_other_axes() -> None:
    rows = "e = Expand(m, full) rows = ReduceMax(e, axes) a = Add(x, e) r = Add(a, rows) y = Exp(r)"
    assert "BROADCAST_TO" not in ops(rows)


def test_a_reduction_over_what_is_repeated_keeps_it() -> None:
    assert ops("e = Expand(m, full) c = ReduceMax(e, axes) r = Add(x, c) y = Exp(r)")["MUL"] == 1


def test_what_gives_it_out_keeps_it() -> None:
    assert ops("e = Expand(m, all) y = Exp(e)") == {"EXP": 1, "MUL": 1}  # by ones: MultiplyBroadcast


def test_two_repeated_operands() -> None:
    counts = ops("e = Expand(m, all) f = Mul(e, e) r = Add(f, x) y = Exp(r)")
    assert counts == {"ADD": 1, "EXP": 1, "MUL": 1}


def test_a_reader_that_is_given_out_broadcasts_where_its_shape_stays() -> None:
    assert "BROADCAST_TO" not in ops("e = Expand(m, all) y = Div(x, e)")
