"""What `check` prints."""

from dataclasses import replace

from portproof.cli.placement import matrix, notes, refusals
from portproof.device_profiles.errors import Message
from portproof.device_profiles.op_rules.facts import OpFacts
from portproof.device_profiles.op_rules.registry import Refused
from portproof.exporter.check.operators import Operator
from portproof.exporter.check.partition import Partition
from portproof.exporter.check.result import Placed, PredictedTime, UnitResult


def placed(op: str, where: str, why: str = "", *, on_unit: bool = True) -> Placed:
    operator = Operator(facts=OpFacts(dialect="tflite", op=op), where=where, macs=100)
    reasons = (Refused(why=why, hint="do this"),) if why else ()
    return Placed(operator=operator, taken=not why, on_unit=on_unit and not why, reasons=reasons, source="a document")


def unit(*members: Placed, **more: object) -> UnitResult:
    parts = (Partition(on_unit=True, members=(0,)), Partition(on_unit=False, members=(1,)))
    given = {"device": "phone", "processor": "npu", "unit": "rules", "name": "N", "form": "tflite", "partitions": parts}
    return UnitResult(**{**given, "placed": members, "crossing_bytes": 2048, **more})  # type: ignore[arg-type]


def test_a_row_of_the_matrix() -> None:
    head, row = matrix([unit(placed("A", "a"), placed("B", "b", "no"))]).splitlines()
    assert head.split()[:4] == ["device", "unit", "rules", "form"]
    assert row.split()[:4] == ["phone", "npu", "rules", "tflite"]
    assert row.split()[-7:] == ["50.0%", "1", "1", "2.05", "kB", "-", "-"]


def test_refusals_are_grouped_by_reason_with_the_first_places() -> None:
    members = [placed("CONV", f"net.py:{k}", "too wide") for k in range(5)]
    (text,) = refusals([unit(*members, placed("ADD", "net.py:0", "too wide"), placed("MUL", "m", "no such"))])
    assert "refused: 5 x CONV, 1 x ADD: too wide" in text
    assert "at: net.py:0; net.py:1; net.py:2 and 2 more places" in text
    assert text.count("hint: do this") == 2
    assert "source: a document" in text


def test_what_is_left_out_and_what_cannot_be_written() -> None:
    (text,) = refusals([unit(placed("CONV", "a", on_unit=False))])
    assert "left out: 1 operators" in text
    message = Message(code="E-OP-UNSUPPORTED", what="Det cannot be written", hint="leave it out")
    (text,) = refusals([unit(unwritten=(message,), advice=True)])
    assert "(advice, not fact)" in text
    assert "the model cannot be written for it: Det cannot be written" in text
    assert matrix([unit(unwritten=(message,))]).splitlines()[1].split()[-6:] == ["-"] * 6


def test_a_unit_that_takes_all_says_nothing_but_its_notes_once() -> None:
    whole = unit(placed("CONV", "a"), notes=("mind the gap",))
    assert list(refusals([whole])) == []
    assert notes([whole, whole]) == "rules: mind the gap"


def test_predicted_times_say_so_and_what_they_rest_on() -> None:
    time = PredictedTime(latency_ms=2.5, low_ms=1.25, high_ms=5.0, share_on_unit=1.0, calibrated=True)
    row = matrix([unit(placed("A", "a"), predicted=time)]).splitlines()[1]
    assert row.endswith("2.5 (1.25 to 5)")
    rough = unit(placed("A", "a"), predicted=replace(time, calibrated=False))
    assert matrix([rough]).splitlines()[1].endswith("2.5 (1.25 to 5) ?")
    assert notes([rough]).startswith("predicted ms: never measured")


def test_what_is_said_of_a_predicted_time_is_said_once_with_its_units() -> None:
    time = PredictedTime(
        latency_ms=2.5, low_ms=1.25, high_ms=5.0, share_on_unit=1.0, calibrated=True, notes=("hardly measured",)
    )
    marked = replace(time, calibrated=False, notes=("uncalibrated",))
    units = [unit(predicted=time), unit(predicted=time, unit="others"), unit(predicted=marked), unit(predicted=time)]
    assert notes(units).splitlines()[1:] == ["predicted ms, rules, others: hardly measured"]
