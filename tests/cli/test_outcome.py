import json
import logging
import os
import subprocess
import sys
import warnings

import click
import pytest

from portproof.cli.outcome import Outcome, prints_outcome
from portproof.device_profiles.errors import Message
from portproof.exporter.progress import Progress

OUTCOME = Outcome(
    data={"answer": 42, "nothing": None},
    text="the answer is 42",
    messages=(Message(code="E-GATE-PARITY", what="y differs"),),
    status=1,
    epilogue="wrote nothing",
)


@click.command()
@prints_outcome
def command(progress: Progress) -> Outcome:
    print("the model's own chatter")  # noqa: T201 - what is tested
    os.write(1, b"a C library's chatter\n")
    subprocess.run([sys.executable, "-c", "print('a child chatters')"], check=True)
    with progress.step("trace"):
        progress.message(Message(code="W-RANDOM-DATA", what="no data"))
    return OUTCOME


def run(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = command.main(list(words), standalone_mode=False)
    captured = capfd.readouterr()
    return status, captured.out, captured.err


def test_stdout_has_the_result_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capfd)
    assert (status, out) == (1, "the answer is 42\n")
    for part in (
        "own chatter",
        "C library",
        "child chatters",
        "  trace  ",
        "W-RANDOM-DATA: no data",
        "E-GATE-PARITY",
    ):
        assert part in err
    assert err.endswith("wrote nothing\n")


def test_json_is_one_document_with_what_was_told(capfd: pytest.CaptureFixture[str]) -> None:
    status, out, _err = run(capfd, "--json")
    document = json.loads(out)
    assert (status, document["ok"], document["exit_status"]) == (1, False, 1)
    assert [message["code"] for message in document["messages"]] == ["W-RANDOM-DATA", "E-GATE-PARITY"]
    assert document["result"] == {"answer": 42, "nothing": None}


def test_quiet_leaves_the_failures(capfd: pytest.CaptureFixture[str]) -> None:
    _status, out, err = run(capfd, "-q")
    assert out == "the answer is 42\n"
    assert "E-GATE-PARITY" in err
    assert "W-RANDOM-DATA" not in err
    assert "trace" not in err


def test_the_streams_are_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    run(capfd)
    os.write(1, b"back\n")
    print("again")  # noqa: T201 - what is tested
    assert capfd.readouterr().out == "back\nagain\n"


@click.command()
@prints_outcome
def chatty(progress: Progress) -> Outcome:
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.CRITICAL):
        logging.getLogger("a.library").log(level, "said")
    return Outcome(data={})


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], ["CRITICAL"]),
        (["-v"], ["INFO", "WARNING", "CRITICAL"]),
        (["-vv"], ["DEBUG", "INFO", "WARNING", "CRITICAL"]),
    ],
)
def test_verbose_shows_the_logs_of_libraries(
    words: list[str], shown: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    before = (logging.root.level, logging.root.handlers[:])
    chatty.main(words, standalone_mode=False)
    lines = [line for line in capfd.readouterr().err.splitlines() if "a.library" in line]
    assert lines == [f"{level} a.library: said" for level in shown]
    assert (logging.root.level, logging.root.handlers) == before


@click.command()
@prints_outcome
def deprecated(progress: Progress) -> Outcome:
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    return Outcome(data={})


def test_warnings_of_python_are_for_verbose_only(capfd: pytest.CaptureFixture[str]) -> None:
    assert deprecated.main([], standalone_mode=False) == 0
    assert capfd.readouterr().err == ""
    with pytest.raises(DeprecationWarning, match="old"):  # as the tests' own filter has it
        deprecated.main(["-v"], standalone_mode=False)
