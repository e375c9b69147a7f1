from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from nets import save, with_weights
from numpy.typing import NDArray

from portproof.calibration import quantize, tables
from portproof.calibration.prepare import prepare
from portproof.runtimes import open as open_model

NET = """
<ir_version: 10, opset_import: ["" : 18]>
net (int64[1,6] ids, int64[1,6] other) => (float[1,6,8] y, float[200,6] o)
<int64[6] places = {0, 1, 2, 3, 4, 5}>
{
  a = Gather(large, ids) b = Gather(large, other) c = Gather(few, places)  o = Gather<axis = 1>(columns, places)
  s = Add(a, b) t = Add(s, c) y = MatMul(t, w)
}
"""


def network(large: NDArray[np.float64]) -> ir.Model:
    chance = np.random.default_rng(0)
    sizes = {"few": (400, 64), "columns": (200, 100), "w": (64, 8)}
    arrays = {name: chance.normal(size=size) for name, size in sizes.items()}
    return with_weights(ir.from_onnx_text(NET), {**arrays, "large": large})


def whole(rows: int = 300) -> NDArray[np.float64]:
    """Multiples of a step that differs from row to row: int8 holds them as they are."""
    chance = np.random.default_rng(1)
    steps = chance.integers(-127, 128, (rows, 64))
    steps[:, 5] = 127
    return steps * 2.0 ** chance.integers(-8, -3, (rows, 1))


def normal(rows: int = 300) -> NDArray[np.float64]:
    return np.random.default_rng(2).normal(size=(rows, 64))


def samples(count: int = 40) -> list[dict[str, np.ndarray]]:  # type: ignore[type-arg]
    chance = np.random.default_rng(1)
    return [{name: chance.integers(0, 300, (1, 6)) for name in ("ids", "other")} for _ in range(count)]


def test_tables_are_what_only_rows_are_taken_from() -> None:
    model = prepare(network(normal()))  # the others: by columns, always the same rows
    found = tables.find(model)
    assert {name: len(readers) for name, readers in found.items()} == {
        "large": 2
    }  # not by columns, not always the same
    assert tables.find(prepare(network(normal(20)))) == {}  # too few to count


def test_a_table_is_rounded_row_by_row() -> None:
    model = network(normal())
    table = model.graph.initializers["large"].const_value.numpy()
    found = tables.stored(model, "large")
    assert (found.integers.dtype, found.scale.shape, found.axis) == (np.int8, (300,), 0)
    assert np.abs(found.integers).max(axis=1).tolist() == [127] * 300
    assert (np.abs(found.dequantized() - table) <= found.scale[:, None] * 0.5001).all()


@pytest.mark.parametrize("recipe", ["dynamic", "weight-only"])
def test_a_table_whose_rounding_hardly_shows_is_stored_in_int8(recipe: str, tmp_path: Path) -> None:
    path = save(network(whole()), tmp_path)
    found = quantize(path, tmp_path / "q.onnx", samples(), recipe=recipe)
    written = ir.load(found.path)
    sizes = {tuple(value.shape.numpy()): value.dtype.name for value in written.graph.initializers.values()}
    assert (sizes[300, 64], sizes[200, 100]) == ("INT8", "FLOAT")
    (step,) = (each for each in found.report.steps if each.name == tables.NAME)
    assert [(verdict.layer, verdict.kept) for verdict in step.verdicts] == [("large", True)]
    assert -0.1 < step.gain_db <= 0.1
    (maker,) = (node for node in written.graph if node.inputs[0].name == "large_integers")
    assert (maker.op_type, len(maker.outputs[0].uses())) == ("DequantizeLinear", 2)
    with open_model(found.path, isolated=False) as runner:  # what was written is what was judged
        reached = [runner.run(sample)["y"] for sample in samples()]
    with open_model(path, isolated=False) as runner:
        wanted = [runner.run(sample)["y"] for sample in samples()]
    error = np.square(np.subtract(wanted, reached)).mean() / np.square(wanted).mean()
    assert abs(-10 * np.log10(error) - found.report.accuracy.sqnr_db) < 3


def test_a_table_that_costs_more_stays_float_and_is_told(tmp_path: Path) -> None:
    found = quantize(save(network(normal()), tmp_path), tmp_path / "q.onnx", samples(), recipe="weight-only")
    (step,) = (each for each in found.report.steps if each.name == tables.NAME)
    assert [verdict.kept for verdict in step.verdicts] == [False]
    assert step.after == step.before
    told = [node.why for node in found.report.float_nodes if node.op_type == "Gather"]
    assert len(told) == 2
    assert all("its table in int8 costs an output" in why for why in told)
    assert found.plan.tables == {}


def test_where_the_whole_table_would_be_widened_it_stays_float(tmp_path: Path) -> None:
    path = save(network(whole()), tmp_path)
    found = quantize(path, tmp_path / "q.onnx", samples(), recipe="weight-only", device="onnxruntime-cpu")
    assert found.plan.tables == {}
    told = {node.why for node in found.report.float_nodes if node.op_type == "Gather"}
    assert told == {"ONNX Runtime on a CPU would widen the whole of its table in every run"}
