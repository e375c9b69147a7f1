"""What integers stand for."""

from tests.device_profiles.op_rules.make import constant, op, tensor, weights, why

FLOATS = tensor(1, 4, dtype="float32", scale=0)


def test_what_is_computed_has_scales() -> None:
    assert why("quantized", op()) == ""
    assert "input 0 (float32)" in why("quantized", op(inputs=[FLOATS]))
    assert "output 0 (float32)" in why("quantized", op(outputs=[FLOATS]))
    assert why("quantized", op(inputs=[tensor(1, 4), constant(1, 2)])) == ""
    assert why("quantized", op(inputs=[tensor(1, 4, dtype="int32", scale=0)])) == ""


def test_weights_have_scales_where_asked_for() -> None:
    held = constant(1, 2, dtype="float32")
    assert why("quantized", op(inputs=[tensor(1, 2), held])) == ""
    assert "input 1" in why("quantized", op(inputs=[tensor(1, 2), held]), constants=[1])


def test_one_scale_a_tensor() -> None:
    assert why("one_scale", op(inputs=[tensor(1, 4), weights(4, 4)])) == ""
    assert "each channel" in why("one_scale", op(inputs=[tensor(1, 4), weights(4, 4, scales=4)]))


def test_zero_points() -> None:
    assert "zero point" in why("zero_points", op(), types=["int8"])
    assert why("zero_points", op(), types=["int16"]) == ""


def test_the_same_quantization() -> None:
    assert why("same_quantization", op()) == ""
    assert "another scale" in why("same_quantization", op(inputs=[tensor(1, 4), tensor(1, 4, scale=0.2)]))


def test_the_same_types() -> None:
    assert why("same_types", op()) == ""
    assert "int16 of int8" in why("same_types", op(outputs=[tensor(1, 4, dtype="int16")]))
