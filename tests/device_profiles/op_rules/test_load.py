"""The rules that come with Portproof: every file is sound and names operators that there are."""

import onnx
import pytest

from portproof.device_profiles import integer_kernels
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.device_profiles.op_rules.judge import judge
from portproof.device_profiles.op_rules.load import load, units
from portproof.runtimes.tflite_schema import schema

ONNX = {each.name for each in onnx.defs.get_all_schemas_with_history()}


@pytest.mark.parametrize("unit", units())
def test_a_file_is_sound(unit: str) -> None:
    rules = load(unit)
    assert rules.unit == unit
    assert rules.integer in integer_kernels.units()
    assert set(rules.variants.values()) <= set(units())
    named = [*rules.by_op, *rules.refused, *rules.hints]
    known = {"tflite": vars(schema.BuiltinOperator), "onnx": ONNX}.get(rules.dialect)
    exempt = [op for limits in rules.everywhere for op in limits.exempt]
    if known is not None:
        assert [op for op in (*named, *exempt) if op not in known] == []


def test_a_unit_that_nobody_knows() -> None:
    with pytest.raises(PortproofError) as raised:
        load("litert-gpus")
    assert (raised.value.code, raised.value.messages[0].hint) == ("E-DEVICE-UNKNOWN", "did you mean litert-gpu?")


def test_floats_on_hexagon_by_its_version() -> None:
    x = TensorFacts(name="x", shape=(1, 4), dtype="float32")
    relu = OpFacts(dialect="onnx", op="Relu", inputs=(x,), outputs=(x,))
    assert judge(load("qnn-htp"), relu, {"htp_arch": 73}).taken
    old = judge(load("qnn-htp"), relu, {"htp_arch": 68})
    assert not old.taken
    assert "v73" in old.reasons[0].hint


def test_google_tensor_takes_all_but_what_it_lists() -> None:
    x = TensorFacts(name="x", shape=(1, 4), dtype="float32")
    rules = load("google-tensor-litert")
    assert judge(rules, OpFacts(dialect="tflite", op="GELU", inputs=(x,), outputs=(x,))).taken
    assert not judge(rules, OpFacts(dialect="tflite", op="REDUCE_PROD", inputs=(x,), outputs=(x,))).taken
