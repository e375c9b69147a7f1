import gc
import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx_files
import pytest
import tflite_files

import portproof.runtimes
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.client import IsolatedRunner
from portproof.runtimes.options import RunOptions

X = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype("float32")
FACTOR = np.array([1, 2, 3], "float32")

# A runtime whose behaviour the file's content decides. The child finds it by the parent's registry row.
ADAPTER = """
    import os, sys, time
    import numpy as np
    from portproof.runtimes.base import BaseRunner
    from portproof.runtimes.spec import TensorSpec
    class Fake(BaseRunner):
        def __init__(self, path, options):
            self.kind = path.read_text()
            if self.kind == "hang on load":
                time.sleep(60)
            if self.kind == "exception":
                raise KeyError("unforeseen")
            spec = TensorSpec(name="x", shape=(None,), dtype="float32")
            super().__init__(path, (spec,), (spec,))
        def run_unchecked(self, inputs):
            print("chatter on stdout")
            os.write(1, b"native chatter\\n")
            if self.kind == "hang":
                time.sleep(60)
            if self.kind == "abort":
                os.write(2, b"INFO: not this\\nCHECK failed: a < b\\n")
                os.abort()
            if self.kind == "exit":
                os._exit(5)
            if self.kind == "killed":
                os.kill(os.getpid(), 9)
            if self.kind == "hungry":
                np.ones(1 << 40)
            return {"x": inputs["x"] + 1}
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # The child has its own registry: there the fake takes LiteRT's place.
    folder = tmp_path / "modules with space"
    folder.mkdir()
    (folder / "fake_adapter.py").write_text(textwrap.dedent(ADAPTER))
    (folder / "fake_worker.py").write_text(
        textwrap.dedent("""
        import dataclasses
        from portproof.runtimes import registry, worker
        registry.FORMATS = (dataclasses.replace(registry.FORMATS[0], adapter="fake_adapter:Fake"),)
        serve = worker.serve
    """)
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr("portproof.runtimes.client.WORKER", "fake_worker:serve")
    return tmp_path


def opened(folder: Path, kind: str, timeout_s: float = 30) -> IsolatedRunner:
    path = folder / "m.tflite"
    path.write_text(kind)
    return IsolatedRunner(path, RunOptions(), timeout_s=timeout_s)


def failure(runner: IsolatedRunner) -> PortproofError:
    with pytest.raises(PortproofError) as caught:
        runner.run({"x": np.zeros(3, "float32")})
    return caught.value


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_same_results_as_in_process_and_nothing_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    perms = {"inputs": {}, "outputs": {"y": [0, 2, 3, 1]}}
    path = tflite_files.scale_model(tmp_path / "a model.tflite", batch=-1, perms=perms)
    with portproof.runtimes.open(path) as runner:
        assert runner.inputs[0].shape == (None, 4, 5, 3)
        assert runner.outputs[0].perm == (0, 2, 3, 1)
        for count in (1, 2):
            assert np.array_equal(runner.run({"x": X[:count]})["y"], X[:count] * FACTOR)
    assert capfd.readouterr() == ("", "")


def test_errors_of_the_adapter_arrive_whole(tmp_path: Path) -> None:
    path = onnx_files.save(tmp_path / "m.onnx", onnx_files.external(onnx_files.scale_proto(), "none.bin"))
    with pytest.raises(PortproofError, match="the file does not exist") as caught:
        portproof.runtimes.open(path)
    assert caught.value.code == "E-MODEL-EXTERNAL"
    with pytest.raises(PortproofError) as caught:
        portproof.runtimes.open(tmp_path / "nothing.onnx")
    assert caught.value.code == "E-FILE-MISSING"


def test_wrong_feeds_leave_the_runner_usable(tmp_path: Path) -> None:
    with portproof.runtimes.open(onnx_files.scale_model(tmp_path / "m.onnx")) as runner:
        with pytest.raises(PortproofError):
            runner.run({})
        assert runner.run({"x": np.ones((2, 3), "float32")})["y"][0].tolist() == [1, 2, 3]


def test_a_kernel_that_aborts(tmp_path: Path) -> None:
    with (
        portproof.runtimes.open(tflite_files.aborting_model(tmp_path / "m.tflite")) as runner,
        pytest.raises(PortproofError, match="LiteRT was killed by SIGABRT while running") as caught,
    ):
        runner.run({name: np.ones((1, 4), "int8") for name in "ab"})
    assert caught.value.code == "E-RUN"


def test_abort_names_the_signal_and_the_last_words(fake: Path, capfd: pytest.CaptureFixture[str]) -> None:
    error = failure(runner := opened(fake, "abort"))
    assert error.code == "E-RUN"
    assert "killed by SIGABRT while running m.tflite" in str(error)
    assert "CHECK failed: a < b" in error.messages[0].why
    assert "INFO" not in error.messages[0].why
    assert capfd.readouterr() == ("", "")
    assert "is closed" in str(failure(runner))


def test_other_deaths(fake: Path) -> None:
    assert "ended with status 5" in str(failure(opened(fake, "exit")))
    assert "out of memory" in str(failure(opened(fake, "killed")))


def test_timeout_kills(fake: Path) -> None:
    runner = opened(fake, "hang", timeout_s=3)
    pid = runner.pid
    assert failure(runner).code == "E-RUN-TIMEOUT"
    assert gone(pid)


def test_timeout_while_loading(fake: Path) -> None:
    with pytest.raises(PortproofError, match="did not finish loading") as caught:
        opened(fake, "hang on load", timeout_s=0.5)
    assert caught.value.code == "E-RUN-TIMEOUT"


def test_unforeseen_exceptions_and_memory(fake: Path) -> None:
    with pytest.raises(PortproofError, match="KeyError: 'unforeseen'"):
        opened(fake, "exception")
    if sys.platform == "linux":
        runner = opened(fake, "hungry")
        assert "MemoryError" in str(failure(runner))
        runner.close()


def test_close_ends_the_child(fake: Path) -> None:
    runner = opened(fake, "plain")
    assert runner.run({"x": np.zeros(2, "float32")})["x"].tolist() == [1, 1]
    pid = runner.pid
    assert not gone(pid)
    runner.close()
    runner.close()
    assert gone(pid)
    assert failure(runner).code == "E-RUN"


def test_a_forgotten_runner_ends_its_child(fake: Path) -> None:
    runner = opened(fake, "plain")
    pid = runner.pid
    del runner
    gc.collect()
    assert gone(pid)
