import json
from pathlib import Path

import pytest

from portproof.cli.report_errors import json_failure, print_messages, to_json
from portproof.device_profiles.errors import Message


def test_what_where_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    message = Message(code="E-USAGE", what="wrong", where="here", why="so", hint="do that")
    print_messages([message], note="the end")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "E-USAGE: wrong\n  where: here\n  why: so\n  do: do that\nthe end\n"


def test_findings_that_differ_in_their_place_only_are_one(capsys: pytest.CaptureFixture[str]) -> None:
    messages = [
        Message(code="E-OP-UNSUPPORTED", what="Det", where="net.py:1", details={"a": 1}),
        Message(code="E-OP-UNSUPPORTED", what="If", where="net.py:2"),
        Message(code="E-OP-UNSUPPORTED", what="Det", where="net.py:3"),
    ]
    print_messages(messages)
    assert capsys.readouterr().err.splitlines() == [
        "E-OP-UNSUPPORTED: Det",
        "  where: net.py:1",
        "         net.py:3",
        "E-OP-UNSUPPORTED: If",
        "  where: net.py:2",
    ]


def test_json_has_each_finding_with_its_details() -> None:
    document = json.loads(json_failure([Message(code="E-USAGE", what="wrong", details={"near": ["x"]})], 2))
    assert document == {
        "ok": False,
        "exit_status": 2,
        "messages": [{"code": "E-USAGE", "what": "wrong", "details": {"near": ["x"]}}],
    }


def test_json_holds_whatever_a_command_has() -> None:
    data = {"inf": float("inf"), "nan": [float("nan")], "path": Path("a/b"), "set": {1}, "tuple": (True, None), 3: "é"}
    assert json.loads(to_json(data)) == {
        "inf": "inf", "nan": ["nan"], "path": "a/b", "set": [1], "tuple": [True, None], "3": "é",
    }  # fmt: skip
