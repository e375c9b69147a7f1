"""`kill -9` at random moments of an export: the old result or the new one, never a part of one."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.small import save

from portproof import exporter
from portproof.exporter import leftovers
from portproof.exporter.jobs import jobs
from portproof.exporter.output import staged

MOMENTS = 20
# The child says when it is ready and then exports for as long as it is let, so that a kill falls anywhere in an export.
ENDLESS = """
import sys
from portproof import exporter
from portproof.exporter.pipeline import export
model, out = sys.argv[1:]
print("ready", flush=True)
seed = 1
while True:
    export(model, out_dir=out, seed=seed, samples=2, targets=["onnx"])
    seed += 1
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kill")
    save(folder)
    exporter.export(str(folder / "net.onnx"), out_dir=folder / "out", samples=2, targets=["onnx"])
    return folder


def whole(out: Path) -> bool:
    """Every file of the manifest is there with its sum, and no other."""
    (job,) = jobs([out], need_golden=True)
    listed = {file["path"] for file in json.loads((out / "manifest.json").read_text())["files"]}
    present = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    return job.failed == () and present == listed | {"manifest.json"}


def kill_after(delay_s: float, place: Path) -> None:
    words = [sys.executable, "-c", ENDLESS, str(place / "net.onnx"), str(place / "out")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(delay_s)
        os.kill(child.pid, signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL


def test_twenty_kills_leave_a_whole_result(place: Path) -> None:
    chance = np.random.default_rng(20261121)
    for _ in range(MOMENTS):
        kill_after(chance.uniform(0, 3), place)
        assert whole(place / "out")


def test_the_next_run_cleans_up_and_succeeds(place: Path) -> None:
    kill_after(0.5, place)
    exporter.export(str(place / "net.onnx"), out_dir=place / "out", samples=2, targets=["onnx"])
    assert whole(place / "out")
    assert sorted(path.name for path in place.iterdir()) == ["net.onnx", "out"]


def test_an_ended_run_removes_its_temporary_folder(place: Path) -> None:
    """SIGTERM, as a CI system sends it, unlike SIGKILL leaves time to clean up."""
    script = Path(sys.executable).with_name("portproof")
    words = [str(script), "export", str(place / "net.onnx"), "-o", str(place / "ended"), "-q"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        while not list(place.glob(".ended.*")) and child.poll() is None:
            time.sleep(0.01)
        child.send_signal(signal.SIGTERM)
        assert child.stderr is not None
        assert child.stderr.read() == b""
    assert child.returncode == 128 + signal.SIGTERM
    assert sorted(path.name for path in place.iterdir()) == ["net.onnx", "out"]


@pytest.mark.parametrize("moment", ["made", "locked"])
def test_a_signal_while_the_temporary_folder_is_made_leaves_none(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its handler raises between any two instructions: behind the folder, or behind its lock."""

    def ended(stage: Path) -> int:
        stage.mkdir() if moment == "made" else leftovers.claim(stage)
        sys.exit(143)

    monkeypatch.setattr("portproof.exporter.output.claim", ended)
    with pytest.raises(SystemExit), staged(tmp_path / "net"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_kill_between_any_two_calls_of_the_swap(tmp_path: Path) -> None:
    """The moments that matter are microseconds long: stop before each system call that moves or removes something."""
    code = """
import os, sys, pathlib
from portproof.exporter import output, swap, leftovers
out, stop = pathlib.Path(sys.argv[1]), int(sys.argv[2])
count = 0
def step(event, args):
    global count
    if event in ("os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "os.mkdir") and str(out.parent) in str(args[0]):
        count += 1
        if count == stop:
            os.kill(os.getpid(), 9)
sys.addaudithook(step)
real = swap._call
def before(*args):
    step("os.rename", [str(out)])
    return real(*args)
swap._call = before
if len(sys.argv) > 3:
    output.exchange = lambda *paths: False
with output.staged(out) as stage:
    (stage / "manifest.json").write_text('{"files": [{"path": "model"}, {"path": "new"}]}')
    (stage / "model").write_text("new")
    (stage / "new").write_text("new")
"""
    for fallback in ([], ["fallback"]):
        for stop in range(1, 30):
            out = tmp_path / f"{len(fallback)}-{stop}" / "net"
            out.mkdir(parents=True)
            (out / "manifest.json").write_text('{"files": [{"path": "model"}, {"path": "old"}]}')
            (out / "model").write_text("old")
            (out / "old").write_text("old")
            child = subprocess.run([sys.executable, "-c", code, str(out), str(stop), *fallback], check=False)
            if fallback and not out.exists():  # the documented gap: the next run puts the old one back
                with pytest.raises(ZeroDivisionError), staged(out):
                    raise ZeroDivisionError
            texts = {path.name: path.read_text() for path in out.iterdir() if path.name != "manifest.json"}
            assert texts in ({"model": "old", "old": "old"}, {"model": "new", "new": "new"})
            if child.returncode == 0:
                break
        assert stop > 3
        assert child.returncode == 0
