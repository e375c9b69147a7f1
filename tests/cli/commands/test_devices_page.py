"""The walk-through of docs/devices.md, run as it stands there."""

import re
from pathlib import Path

import pytest

from portproof.cli.main import run

PAGE = Path(__file__).parents[3] / "docs" / "devices.md"
FILE = Path("portproof-devices/acme-gateway.toml")


def blocks(language: str) -> list[str]:
    text = PAGE.read_text(encoding="utf-8").partition("## Where profiles")[0]
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for name, body in found if name == language]


def commands() -> list[tuple[list[str], str]]:
    """The words of each command about devices, and what is printed below it."""
    found = re.findall(r"^\$ portproof (devices .*)\n((?:(?!\$ ).*\n)*)", "".join(blocks("")), re.MULTILINE)
    return [([quoted or word for quoted, word in re.findall(r'"(.*?)"|(\S+)', line)], out) for line, out in found]


def edited(text: str, change: str) -> str:
    """A profile in which the keys of a change stand instead of the lines in comments."""
    tables = re.findall(r"^# \[(.*)\]$", text, re.MULTILINE)
    for part in change.strip().split("\n\n"):
        header, _, body = part.partition("\n")
        if header.strip("[]") in tables:
            text = text.replace(f"# {header}\n", f"{header}\n{body}\n")
        else:
            text = re.sub(rf"^# {header.split(' ')[0]} = .*$", header, text, flags=re.MULTILINE)
    return text


def test_the_walk_through_is_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (change,) = blocks("toml")
    *right, (wrong, message) = commands()
    assert [words[1] for words, _ in right] == ["list", "new", "validate", "show", "show"]
    for words, shown in right:
        assert run(words) == 0, words
        out = capfd.readouterr().out
        assert shown in {"", out}, words
        if words[1] == "new":
            FILE.write_text(edited(FILE.read_text(), change))
    FILE.write_text(FILE.read_text().replace("dram_gbps", "dram_mbps"))
    assert run(wrong) == 2
    line = 1 + next(at for at, text in enumerate(FILE.read_text().splitlines()) if text.startswith("dram_mbps"))
    assert capfd.readouterr().err == re.sub(r"toml:\d+", f"toml:{line}", message)
