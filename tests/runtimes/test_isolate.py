import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portproof.runtimes.isolate import IsolatedResult, describe_exit, run_isolated

JOBS = """
    import json, os, signal, subprocess, sys, time
    def echo(*args):
        print(json.dumps(args))
        print("a note", file=sys.stderr)
    def status(): return 7
    def stop(): sys.exit(3)
    def fail(): raise RuntimeError("the reason")
    def abort():
        os.write(2, b"kernel check failed\\n")
        os.abort()
    def sleep(): time.sleep(60)
    def family(pid_file):
        child = subprocess.Popen(["sleep", "60"])
        open(pid_file, "w").write(str(child.pid))
        time.sleep(60)
    def hungry(size):
        try:
            bytearray(int(size))
        except MemoryError:
            return 9
    def variable(name): print(os.environ.get(name, "absent"))
    def folder(): print(os.getcwd())
    def marked(pid_file):
        open(pid_file, "w").write(str(os.getpid()))
        time.sleep(60)
"""


@pytest.fixture(autouse=True)
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "a folder with spaces"
    folder.mkdir()
    (folder / "isolate_jobs.py").write_text(textwrap.dedent(JOBS))
    monkeypatch.syspath_prepend(str(folder))
    return folder


def run(name: str, *args: str, timeout_s: float = 30, memory: int | None = None) -> IsolatedResult:
    return run_isolated(f"isolate_jobs:{name}", *args, timeout_s=timeout_s, memory_bytes=memory)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def wait_dead(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_arguments_and_output_come_through_unchanged(capfd: pytest.CaptureFixture[str]) -> None:
    result = run("echo", "a b", "", "é*$HOME")
    assert result.ok
    assert result.stdout == '["a b", "", "\\u00e9*$HOME"]\n'
    assert result.stderr == "a note\n"
    assert capfd.readouterr() == ("", "")


def test_status() -> None:
    assert run("status").returncode == 7
    assert run("stop").returncode == 3
    assert not run("status").ok


def test_exception_is_a_status_and_a_traceback() -> None:
    result = run("fail")
    assert result.returncode == 1
    assert "RuntimeError: the reason" in result.stderr


def test_unknown_module_or_function() -> None:
    assert "ModuleNotFoundError" in run_isolated("no_such_module:f", timeout_s=30, memory_bytes=None).stderr
    assert "AttributeError" in run("nothing_of_that_name").stderr


def test_abort_is_survived_and_named() -> None:
    result = run("abort")
    assert result.returncode == -signal.SIGABRT
    assert result.stderr == "kernel check failed\n"
    assert describe_exit(result.returncode) == "was killed by SIGABRT"


def test_timeout_kills_the_whole_group(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    result = run("family", str(pid_file), timeout_s=3)
    assert result.timed_out
    assert not result.ok
    assert wait_dead(int(pid_file.read_text()))


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not enforce RLIMIT_DATA")
def test_memory_limit() -> None:
    assert run("hungry", str(2 << 30), memory=1 << 30).returncode == 9
    assert run("hungry", str(1 << 20), memory=1 << 30).ok


def test_environment_and_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FROM_PARENT", "kept")
    monkeypatch.setenv("PYTHONWARNINGS", "nonsense")
    monkeypatch.chdir(tmp_path)
    assert run("variable", "FROM_PARENT").stdout == "kept\n"
    assert run("folder").stdout.strip() == str(tmp_path)
    assert run("echo").stderr == "a note\n"  # PYTHONWARNINGS was not obeyed
    extra = run_isolated("isolate_jobs:variable", "MINE", timeout_s=30, memory_bytes=None, env={"MINE": "1"})
    assert extra.stdout == "1\n"


def test_child_dies_with_its_parent(jobs: Path, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from portproof.runtimes.isolate import run_isolated\n"
            "run_isolated('isolate_jobs:marked', sys.argv[2], timeout_s=60, memory_bytes=None)",
            str(jobs),
            str(pid_file),
        ]
    )
    deadline = time.monotonic() + 30
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    assert wait_dead(int(pid_file.read_text()))


@pytest.mark.parametrize(
    ("returncode", "text"),
    [
        (0, "ended with status 0"),
        (3, "ended with status 3"),
        (-9, "was killed by SIGKILL"),
        (-63, "was killed by signal 63"),
    ],
)
def test_describe_exit(returncode: int, text: str) -> None:
    assert describe_exit(returncode) == text
