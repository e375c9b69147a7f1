import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest

from portproof.cli import group, main

HEAVY = (
    "torch",
    "onnx",
    "onnx_ir",
    "onnxruntime",
    "onnxsim",
    "coremltools",
    "ai_edge_litert",
    "rich",
    "pydantic",
    "numpy",
)


def python(code: str, *arguments: str, **kwargs: object) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-c", code, *arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, **kwargs)  # type: ignore[call-overload]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """A command `boom` that raises what the test puts in."""
    errors: list[BaseException] = []

    @click.command("boom")
    @click.argument("words", nargs=-1)
    @click.option("--json", "as_json", is_flag=True)
    def boom(words: tuple[str, ...], as_json: bool) -> None:
        raise errors[0]

    monkeypatch.setattr(group.Commands, "get_command", lambda *_args: boom)
    return errors


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from portproof.cli.main import run; status = run(['--help']);"
        f"print(status, [name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    child = python(code)
    assert child.stderr == "0 []\n"
    assert "Usage: portproof" in child.stdout


@pytest.mark.parametrize("name", ["bench", "completion", "devices", "doctor", "export", "inspect", "schema", "verify"])
def test_the_help_of_each_command_loads_nothing_heavy(name: str) -> None:
    code = (
        f"import sys; from portproof.cli.main import run; status = run([{name!r}, '--help']);"
        f"print(status, [name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    child = python(code)
    assert child.stderr == "0 []\n"
    assert f"Usage: portproof {name}" in child.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["--wrong"],
        ["devices", "list", "--wrong"],
        ["devices", "list", "extra"],
        ["completion", "tcsh"],
    ],
)
def test_a_wrong_command_line_is_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("E-USAGE: ")
    assert "--help` shows what it takes" in captured.err


def test_with_json_a_failure_is_one_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["devices", "list", "--json", "extra"]) == 2
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert (document["ok"], document["exit_status"]) == (False, 2)
    assert [message["code"] for message in document["messages"]] == ["E-USAGE"]
    assert captured.err == ""


def test_an_interrupt_is_130_and_clean(failing: list[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    failing.append(KeyboardInterrupt())
    assert main.run(["boom"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_an_internal_error_leaves_a_bundle_and_no_traceback(
    failing: list[BaseException],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "model.py").write_text("def build(): ...")
    (tmp_path / "large.onnx").write_bytes(bytes(1_000_001))
    failing.append(ZeroDivisionError("divided by the number of nothing"))
    model = f"{tmp_path / 'model.py'}:build"
    assert main.run(["boom", model, str(tmp_path / "large.onnx"), "--json"]) == 70
    (message,) = json.loads(capsys.readouterr().out)["messages"]
    assert message["code"] == "E-INTERNAL"
    assert "ZeroDivisionError: divided by" in message["what"]
    assert "Traceback" not in json.dumps(message)
    with zipfile.ZipFile(message["details"]["bundle"]) as archive:
        assert sorted(archive.namelist()) == ["environment.json", "files/model.py", "traceback.txt"]
        assert b"Traceback" in archive.read("traceback.txt")
        facts = json.loads(archive.read("environment.json"))
    assert facts["argv"][1] == model
    assert facts["files"][str(tmp_path / "large.onnx")] == 1_000_001
    assert "numpy" in facts["packages"]


def test_a_reader_that_goes_away_is_not_an_error() -> None:
    words = [sys.executable, "-c", "from portproof.cli.main import main; main()", "devices", "list"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == main.PIPE_CLOSED


def test_completion_knows_the_commands() -> None:
    environment = {
        **os.environ,
        "_PORTPROOF_COMPLETE": "bash_complete",
        "COMP_WORDS": "portproof dev",
        "COMP_CWORD": "1",
    }
    child = python("from portproof.cli.main import main; main()", env=environment)
    assert child.stdout.strip() == "plain,devices"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["completion", shell]) == 0
    assert "_PORTPROOF_COMPLETE" in capsys.readouterr().out
