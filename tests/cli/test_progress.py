import io
import sys

import pytest

from portproof.cli import progress
from portproof.device_profiles.errors import Message

WARNING = Message(code="W-RANDOM-DATA", what="no data was given")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Called within a test: pytest puts its own stderr in place after the fixtures."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return stream


def test_a_terminal_has_bars_that_go_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    listener = progress.listener(quiet=False)
    with listener.step("run", 3) as advance:
        for _ in range(3):
            advance()
    assert "3/3" in terminal.getvalue()
    assert "  run  " in terminal.getvalue().splitlines()[-1]


def test_ci_has_plain_lines_even_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv("CI", "true")
    with progress.listener(quiet=False).step("run", 3):
        pass
    assert "\x1b" not in terminal.getvalue()
    assert terminal.getvalue().startswith("  run  ")


def test_a_pipe_has_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    listener = progress.listener(quiet=False)
    with listener.step("run"):
        listener.message(WARNING)
    warning, line = capsys.readouterr().err.splitlines()
    assert warning == "W-RANDOM-DATA: no data was given"
    assert line.startswith("  run  ")
    assert line.endswith(" s")


def test_a_step_that_fails_is_not_told_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), progress.listener(quiet=False).step("run"):
        raise ZeroDivisionError
    assert capsys.readouterr().err == ""


def test_quiet_shows_nothing_and_remembers(capsys: pytest.CaptureFixture[str]) -> None:
    listener = progress.listener(quiet=True)
    with listener.step("run", 1) as advance:
        advance()
    listener.message(WARNING)
    assert capsys.readouterr().err == ""
    assert listener.told == [WARNING]


def test_colours_for_a_terminal_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    progress.listener(quiet=False).message(WARNING)
    assert "\x1b[" in terminal.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    terminal.truncate(0)
    progress.listener(quiet=False).message(WARNING)
    assert "\x1b[" not in terminal.getvalue()
