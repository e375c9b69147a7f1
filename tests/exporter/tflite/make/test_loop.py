import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.tfl import graph_input, model_of, op_names

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.loop import Lane, run_lanes
from portproof.exporter.tflite.writer.model import write


def weighted_sum(b: Builder, time: ir.Value, entries: list, states: list, fixed: list) -> list:
    """s' = factor s + x; emits the sum as it was before."""
    return [states[0], binary(b, "ADD", binary(b, "MUL", states[0], fixed[0]), entries[0])]


def expected(x: np.ndarray, start: np.ndarray, factor: float, *, reverse: bool) -> tuple[np.ndarray, np.ndarray]:
    emitted, state = np.zeros_like(x), start
    for time in reversed(range(len(x))) if reverse else range(len(x)):
        emitted[time] = state
        state = state * np.float32(factor) + x[time]
    return emitted, state


def loop_model(length: int, lanes: list[dict]) -> ir.Model:
    b = Builder(23)
    x = graph_input("x", (length, 2))
    made = [
        Lane(sequences=[x], states=[b.const(np.ones(2, np.float32))], step=weighted_sum, **options) for options in lanes
    ]
    outputs = {}
    for index, run in enumerate(run_lanes(b, made, length)):
        outputs |= {} if run.emitted is None else {f"emitted{index}": run.emitted}
        outputs[f"state{index}"] = run.states[0]
    return model_of(b, [x], outputs)


def factor(number: float) -> list[ir.Value]:
    return [Builder(23).const(np.float32(number))]


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_recurrence(length: int, reverse: bool, reference: bool) -> None:
    x = np.random.default_rng(0).standard_normal((length, 2)).astype(np.float32)
    model = loop_model(length, [{"fixed": factor(0.5), "reverse": reverse}])
    got = tflite_outputs(write(model), {"x": x}, reference=reference)
    emitted, state = expected(x, np.ones(2, np.float32), 0.5, reverse=reverse)
    np.testing.assert_allclose(got["emitted0"], emitted, rtol=1e-6)
    np.testing.assert_allclose(got["state0"], state, rtol=1e-6)
    assert ("WHILE" in op_names(model)) == (length > 1)


def test_lanes_share_one_loop_and_do_not_mix() -> None:
    x = np.random.default_rng(1).standard_normal((4, 2)).astype(np.float32)
    lanes = [{"fixed": factor(0.5)}, {"fixed": factor(-2), "reverse": True}, {"fixed": factor(3), "emits": False}]
    model = loop_model(4, lanes)
    assert op_names(model).count("WHILE") == 1
    got = tflite_outputs(write(model), {"x": x})
    assert set(got) == {"emitted0", "state0", "emitted1", "state1", "state2"}
    for index, (number, reverse) in enumerate([(0.5, False), (-2, True), (3, False)]):
        emitted, state = expected(x, np.ones(2, np.float32), number, reverse=reverse)
        np.testing.assert_allclose(got[f"state{index}"], state, rtol=1e-5)
        if index < 2:
            np.testing.assert_allclose(got[f"emitted{index}"], emitted, rtol=1e-5)


def test_a_run_starts_where_the_first_one_did() -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=bytes(write(loop_model(5, [{"fixed": factor(0.5)}]))))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.ones((5, 2), np.float32))
    results = []
    for _ in range(3):
        interpreter.invoke()
        results.append([interpreter.get_tensor(item["index"]).copy() for item in interpreter.get_output_details()])
    for other in results[1:]:
        for first, again in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, again)


def test_what_is_computed_at_run_time_reaches_the_steps() -> None:
    b = Builder(23)
    x, scale = graph_input("x", (3, 2)), graph_input("scale", (2,))
    lane = Lane(sequences=[x], states=[b.const(np.ones(2, np.float32))], fixed=[scale], step=weighted_sum)
    (run,) = run_lanes(b, [lane], 3)
    assert run.emitted is not None
    data = write(model_of(b, [x, scale], {"y": run.emitted, "state": run.states[0]}))
    array, number = np.ones((3, 2), np.float32), np.full(2, 0.25, np.float32)
    got = tflite_outputs(data, {"x": array, "scale": number})
    emitted, state = expected(array, np.ones(2, np.float32), 0.25, reverse=False)
    np.testing.assert_allclose(got["y"], emitted)
    np.testing.assert_allclose(got["state"], state)
