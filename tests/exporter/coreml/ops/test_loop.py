"""Loop, If and Scan: written out, or blocks of MIL."""

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.coreml.harness import check, run
from tests.exporter.coreml.ops.movement_support import refused
from tests.exporter.tflite.ops.control_support import YES, floats, model, scalar

BRANCHES = """g (float[2,3] x, bool c) => (float[2,3] y, int64[1] z) {
    y, z = If(c) <then_branch = t () => (float[2,3] a, int64[1] p) { a = Neg(x)
        p = Identity(one) },
    else_branch = e () => (float[2,3] d, int64[1] q) { d = Mul(x, x)
        q = Identity(two) }> }"""
COUNTED = """g (float[2] x, int64 n) => (float[2] y, float[N,2] s, int64[M] k) {
    y, s, k = Loop(LIMIT, yes, x) <body = b (int64 i, bool c, float[2] u) => (bool d, float[2] v, float[2] w, int64 j) {
        d = Identity(c)
        f = CastLike(i, u)
        v = Add(u, f)
        w = Mul(u, u)
        j = Add(i, i) }> }"""
UNTIL = """g (float[2] x, bool go) => (float[2] y, float[N,2] s) {
    y, s = Loop(LIMIT, go, x) <body = b (int64 i, bool c, float[2] u) => (bool d, float[2] v, float[2] w) {
        v = Mul(u, two)
        w = Identity(u)
        m = ReduceMax<keepdims = 0>(v)
        d = Less(m, most) }> }"""
SCANNED = """g (float[N] h, float[5,N] x, float[N,5] z) => (float[N] y, float[5,N] s, float[N,5] t) {
    y, s, t = Scan<num_scan_inputs = 2, scan_input_axes = [0, 1], scan_input_directions = [0, 1],
        scan_output_axes = [0, -1], scan_output_directions = [1, 0],
        body = b (float[N] u, float[N] p, float[N] q) => (float[N] v, float[N] r, float[N] w) {
            a = Add(u, p)
            v = Tanh(a)
            r = Sub(u, q)
            w = Identity(v) }>(h, x, z) }"""


@pytest.mark.parametrize("condition", [True, False])
def test_a_branch_chosen_at_run_time(condition: bool) -> None:
    built = model(BRANCHES, one=np.array([1]), two=np.array([2]))
    check(built, {"x": floats(2, 3), "c": np.array(condition)})


def test_the_branch_of_a_constant_condition_stands_alone() -> None:
    built = model(BRANCHES.replace(", bool c", ""), one=np.array([1]), two=np.array([2]), c=YES)
    _, written = run(built, {"x": floats(2, 3)})
    assert "cond" not in written.op_counts


def test_branches_of_different_shapes_are_refused() -> None:
    text = """g (float[2] x, bool c) => (float[N] y) {
        y = If(c) <then_branch = t () => (float[2] a) { a = Neg(x) },
            else_branch = e () => (float[1] d) { d = Slice(x, zero, one) }> }"""
    refused(model(text, zero=np.array([0]), one=np.array([1])), "different shapes: 2 and 1")


def counted(limit: str, **numbers: np.ndarray) -> ir.Model:
    return model(COUNTED.replace("LIMIT", limit).replace(", int64 n" if numbers else "?", ""), yes=YES, **numbers)


def test_few_steps_are_written_out() -> None:
    built = counted("n", n=scalar(3))
    check(built, {"x": floats(2)})
    _, written = run(built, {"x": floats(2)})
    assert "while_loop" not in written.op_counts


def test_many_steps_are_a_loop() -> None:
    built = counted("n", n=scalar(40))
    check(built, {"x": floats(2)}, rtol=1e-4, float16=False)
    _, written = run(built, {"x": floats(2)})
    assert written.op_counts["while_loop"] == 1


@pytest.mark.parametrize("steps", [1, 6])
def test_steps_counted_at_run_time(steps: int) -> None:
    check(counted("n"), {"x": floats(2), "n": scalar(steps)})


@pytest.mark.parametrize(("limit", "given"), [("", {}), ("n", {"n": scalar(3)}), ("n", {"n": scalar(30)})])
def test_the_data_say_when_it_ends(limit: str, given: dict[str, np.ndarray]) -> None:
    constants = {"two": np.array(2, np.float32), "most": np.array(50, np.float32), **given}
    built = model(UNTIL.replace("LIMIT", limit), **constants)
    check(built, {"x": np.array([1, 1.5], np.float32), "go": YES})


@pytest.mark.parametrize("width", [3, 5])
def test_scans_in_every_direction(width: int) -> None:
    inputs = {"h": floats(width), "x": floats(5, width), "z": floats(width, 5)}
    check(model(SCANNED.replace("N]", f"{width}]").replace("[N", f"[{width}")), inputs)


def test_a_long_scan_is_a_loop() -> None:
    text = SCANNED.replace("[5,", "[50,").replace(",5]", ",50]").replace("N]", "2]").replace("[N", "[2")
    inputs = {"h": floats(2), "x": floats(50, 2), "z": floats(2, 50)}
    check(model(text), inputs, rtol=1e-4, atol=1e-5)
    _, written = run(model(text), inputs)
    assert written.op_counts["while_loop"] == 1


def test_a_state_that_grows() -> None:
    text = """g (float[1,2] x, int64 n) => (float[N,2] y) {
        y = Loop(n, yes, x) <body = b (int64 i, bool c, float[M,2] u) => (bool d, float[K,2] v) {
            d = Identity(c)
            v = Concat<axis = 0>(u, x) }> }"""
    check(model(text, yes=YES), {"x": floats(1, 2), "n": scalar(3)}, float16=False)


def test_a_loop_that_never_runs_gives_its_states() -> None:
    text = """g (float[2] x) => (float[2] y) {
        y = Loop(n, no, x) <body = b (int64 i, bool c, float[2] u) => (bool d, float[2] v) {
            d = Identity(c)
            v = Add(u, u) }> }"""
    check(model(text, n=scalar(9), no=~YES), {"x": floats(2)}, expect=["identity"])


def test_a_loop_in_a_branch_in_a_loop_and_what_is_refused_inside() -> None:
    text = """g (float[2] x, bool k, int64 n) => (float[2] y) {
        y = Loop(n, yes, x) <body = b (int64 i, bool c, float[2] u) => (bool d, float[2] v) {
            d = Identity(c)
            v = If(k) <then_branch = t () => (float[2] p) {
                p = Loop(n, yes, u) <body = z (int64 j, bool e, float[2] q) => (bool f, float[2] r) {
                    f = Identity(e)
                    r = OP }> },
            else_branch = o () => (float[2] s) { s = Neg(u) }> }> }"""
    inputs = {"x": floats(2), "k": YES, "n": scalar(2)}
    check(model(text.replace("OP", "Add(q, x)"), yes=YES), inputs)
    refused(model(text.replace("OP", "RandomNormalLike(q)"), yes=YES), "RandomNormalLike", "random numbers")
