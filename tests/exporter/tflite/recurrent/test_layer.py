"""What LSTM, GRU and RNN share, on each of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import ops_of
from tests.exporter.tflite.ops.recurrent_support import GATES, OUTPUTS, agrees, recurrent, weights
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal, refusal

from portproof.exporter.tflite.conversion import convert_model

every_op = pytest.mark.parametrize("op", GATES)


def initial(op: str, directions: int, batch: int, units: int = 4) -> dict[str, np.ndarray]:
    names = ("h0", "c0") if op == "LSTM" else ("h0",)
    return {name: normal(directions, batch, units, seed=5 + index) / 2 for index, name in enumerate(names)}


@every_op
@pytest.mark.parametrize("time", [1, 2, 5])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_directions(op: str, direction: str, time: int) -> None:
    x, directions = normal(time, 2, 3), 2 if direction == "bidirectional" else 1
    agrees(recurrent(op, {"x": x}, weights(op, directions=directions), direction=direction), {"x": x})


@every_op
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_all_sizes_equal(op: str, direction: str) -> None:
    x, directions = normal(4, 4, 4), 2 if direction == "bidirectional" else 1
    model = recurrent(op, {"x": x}, weights(op, directions=directions, size=4), direction=direction)
    agrees(model, {"x": x})


@pytest.mark.parametrize(
    ("op", "direction"),
    [(op, way) for op in ("LSTM", "GRU") for way in ("forward", "reverse", "bidirectional")] + [("RNN", "forward")],
)
@pytest.mark.parametrize("time", [1, 4])
def test_batch_first(op: str, direction: str, time: int) -> None:
    """ONNX Runtime has no layout 1; ONNX's own evaluator has, of RNN in one direction."""
    directions = 2 if direction == "bidirectional" else 1
    states = {name: array.transpose(1, 0, 2) for name, array in initial(op, directions, 4).items()}
    x, held = normal(4, time, 3), weights(op, directions=directions)
    model = recurrent(op, {"x": x}, {**held, **states}, direction=direction, layout=1)
    agrees(model, {"x": x}, oracle="reference")


@every_op
@pytest.mark.parametrize("constant", [True, False])
def test_initial_states(op: str, constant: bool) -> None:
    x, states = normal(4, 2, 3), initial(op, 2, 2)
    given = {"x": x} if constant else {"x": x, **states}
    held = weights(op, directions=2)
    model = recurrent(op, given, {**held, **states} if constant else held, direction="bidirectional")
    agrees(model, given)


@every_op
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_sequences_of_unlike_lengths(op: str, direction: str, constant: bool) -> None:
    x, directions = normal(4, 3, 3), 2 if direction == "bidirectional" else 1
    lens = {"lens": np.array([4, 1, 3], np.int32)}
    given = {"x": x} if constant else {"x": x, **lens}
    held = weights(op, directions=directions) | initial(op, directions, 3)
    model = recurrent(op, given, {**held, **lens} if constant else held, direction=direction)
    agrees(model, given)


@every_op
@pytest.mark.parametrize("constant", [True, False])
def test_a_sequence_of_no_steps_ends_in_zero(op: str, constant: bool) -> None:
    x, lens = normal(4, 3, 3), {"lens": np.array([4, 0, 2], np.int32)}
    given = {"x": x} if constant else {"x": x, **lens}
    held = weights(op, directions=2) | initial(op, 2, 3) | (lens if constant else {})
    agrees(recurrent(op, given, held, direction="bidirectional"), given)


@every_op
def test_full_lengths_cost_nothing(op: str) -> None:
    x, lens = normal(4, 2, 3), np.array([4, 4], np.int32)
    with_lengths = recurrent(op, {"x": x}, weights(op) | {"lens": lens})
    assert bytes(convert_model(with_lengths).data) == bytes(convert_model(recurrent(op, {"x": x}, weights(op))).data)
    agrees(with_lengths, {"x": x})


@every_op
@pytest.mark.parametrize("time", [1, 4])
def test_weights_computed_at_run_time(op: str, time: int) -> None:
    given = {"x": normal(time, 2, 3), **weights(op, directions=2)}
    agrees(recurrent(op, given, {}, direction="bidirectional"), given)


@every_op
def test_each_output_may_be_left_out(op: str) -> None:
    x = normal(4, 2, 3)
    for kept in OUTPUTS[op]:
        outputs = [name if name == kept else "" for name in OUTPUTS[op]]
        while not outputs[-1]:
            outputs.pop()
        model = recurrent(op, {"x": x}, weights(op), outputs=outputs)
        model.graph.outputs[:] = [value for value in model.graph.outputs if value.name]
        agrees(model, {"x": x})
        assert ("FILL" in ops_of(model)) == (kept == "y")


@every_op
@pytest.mark.parametrize("opset", [7, 13, 14, 22])
def test_versions(op: str, opset: int) -> None:
    x = normal(3, 2, 3)
    agrees(recurrent(op, {"x": x}, weights(op), opset=opset), {"x": x})


@every_op
def test_without_bias(op: str) -> None:
    x = normal(3, 2, 3)
    agrees(recurrent(op, {"x": x}, weights(op, bias=False)), {"x": x})


@every_op
def test_float16(op: str) -> None:
    x = normal(3, 2, 3).astype(np.float16)
    model = recurrent(op, {"x": x}, {name: array.astype(np.float16) for name, array in weights(op).items()})
    agrees(model, {"x": x}, oracle="reference", atol=2e-3)


@SMALL
@given(st.sampled_from(sorted(GATES)), st.lists(st.integers(1, 4), min_size=4, max_size=4), st.booleans())
def test_any_size(op: str, sizes: list[int], both: bool) -> None:
    time, batch, size, units = sizes
    x, held = normal(time, batch, size), weights(op, directions=1 + both, size=size, units=units)
    agrees(recurrent(op, {"x": x}, held, direction="bidirectional" if both else "forward"), {"x": x})


@every_op
def test_what_is_refused_has_a_reason(op: str) -> None:
    x, held = normal(3, 2, 3), weights(op)
    wide = {name: array.astype(np.float64) for name, array in held.items()}
    assert "float64" in narrowed(recurrent(op, {"x": x.astype(np.float64)}, wide))
    lens = {"lens": np.array([4, 3], np.int32)}
    assert "sequence_lens" in refusal(recurrent(op, {"x": x}, {**held, **lens}))
    assert "directions" in refusal(recurrent(op, {"x": x}, held, direction="bidirectional"))
    assert "clip" in refusal(recurrent(op, {"x": x}, held, clip=-1.0))
    assert "unknown" in refusal(recurrent(op, {"x": x}, held, activations=["Gelu"] * (3 if op == "LSTM" else 2)))
