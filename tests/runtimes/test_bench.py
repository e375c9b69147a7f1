import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx_files
import pytest
import tflite_files

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes import bench_worker
from portproof.runtimes.bench import NO_PROFILE, BenchOptions, bench, host
from portproof.runtimes.ort_profile import operator_times

# The budget ends rounds by the clock: one that a busy machine used up would make the counts below depend on it.
QUICK = BenchOptions(loads=3, rounds=6, budget_s=600, warmup=1)


def code_of(files: list[Path], options: BenchOptions = QUICK) -> str:
    with pytest.raises(PortproofError) as caught:
        bench(files, options)
    return caught.value.code


def test_measures_files_of_two_runtimes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = [tflite_files.scale_model(tmp_path / "a b.tflite"), onnx_files.scale_model(tmp_path / "m.onnx")]
    result = bench(files, QUICK)
    lite, onnx = result.files
    assert [timing.runtime for timing in result.files] == ["LiteRT", "ONNX Runtime"]
    assert (lite.loads, lite.rounds) == (3, 6)
    for timing in result.files:
        assert 0 < timing.wall.min_ms <= timing.wall.median_ms
        assert min(timing.load_ms, timing.first_run_ms, timing.cpu.median_ms) > 0
        assert timing.runs_per_sample > 1
        assert timing.peak_bytes > timing.above_runtime_bytes
        assert timing.peak_bytes > 10_000_000
    assert lite.against_first is None
    assert onnx.against_first is not None
    assert lite.profile is None
    assert lite.profile_note == NO_PROFILE
    assert onnx.profile is not None
    assert [entry["op"] for entry in onnx.profile] == ["Mul"]
    assert capfd.readouterr() == ("", "")
    data = result.as_dict()
    json.dumps(data, allow_nan=False)
    assert data["measured_on"] == "this host, not a device"
    assert result.compared_by == "cpu"
    assert len(result.pinned) == (1 if hasattr(os, "sched_getaffinity") else 0)


def measured(cpu_ms: list[float], wall_ms: list[float]) -> dict[str, Any]:
    loads = {"cpu": [[ms, ms, ms] for ms in cpu_ms], "wall": [[ms, ms] for ms in wall_ms]}
    return {"load": [5.0, 6.0, 7.0], "first": [2.0, 9.0, 2.0], "runs_per_sample": 4, **loads}


@pytest.mark.parametrize(("threads", "answer"), [(1, "faster"), (4, "slower")])
def test_verdicts_noise_and_uneven_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, answer: str
) -> None:
    files = [onnx_files.scale_model(tmp_path / name) for name in ("a.onnx", "b.onnx")]
    baseline = measured([10.0, 10.1, 9.9], [10.0, 10.1, 9.9])
    baseline["cpu"][1].append(99.0)  # a round more than the other loads had time for
    timed = {"pinned": [1], "files": [baseline, measured([5.0, 5.1, 4.9], [30.0, 33.0, 36.0])]}
    single = {"peak_bytes": 100, "above_runtime_bytes": 40, "profile": None}
    monkeypatch.setattr("portproof.runtimes.bench._child", lambda name, *_: timed if name == "interleaved" else single)
    result = bench(files, BenchOptions(threads=threads))
    first, second = result.files
    assert second.against_first is not None
    assert second.against_first.answer == answer
    assert (first.load_ms, first.first_run_ms, first.rounds) == (6.0, 2.0, 6)
    assert (first.cpu.median_ms, second.cpu.median_ms) == (10.0, 5.0)
    assert (first.peak_bytes, first.above_runtime_bytes) == (100, 40)
    noisy = [finding.where for finding in result.findings]
    assert noisy == ([] if threads == 1 else [str(files[1])])


def test_several_threads_are_compared_by_wall_time(tmp_path: Path) -> None:
    options = BenchOptions(threads=2, loads=1, rounds=1, warmup=0, profile=False)
    result = bench([onnx_files.scale_model(tmp_path / "m.onnx")], options)
    assert result.compared_by == "wall"
    assert result.files[0].wall.noise is None


def test_the_users_own_sample(tmp_path: Path) -> None:
    path = onnx_files.scale_model(tmp_path / "m.onnx")
    sample = tmp_path / "x.npz"
    np.savez(sample, x=np.array([[1, 2, 3], [4, 5, 6]], "float32"))
    options = BenchOptions(loads=1, rounds=1, data=str(sample), profile=False)
    assert bench([path], options).files[0].rounds == 1
    np.savez(sample, x=np.zeros((1, 3), "float32"))
    assert code_of([path], options) == "E-DATA-SHAPE"


def test_every_function_is_measured_and_compared_with_its_own_kind(tmp_path: Path) -> None:
    files = [tflite_files.two_signatures(tmp_path / f"{name}.tflite") for name in "ab"]
    result = bench(files, QUICK)
    assert [timing.signature for timing in result.files] == ["serving_default", "tenfold"] * 2
    assert [timing.against_first is None for timing in result.files] == [True, True, False, False]
    (alone,) = bench(files[:1], BenchOptions(loads=1, rounds=1, signature="tenfold")).files
    assert (alone.signature, alone.rounds) == ("tenfold", 1)
    assert code_of(files, BenchOptions(data="x.npz")) == "E-USAGE"
    assert code_of(files, BenchOptions(signature="tenfuld", loads=1, rounds=1)) == "E-USAGE"


def test_what_cannot_be_measured(tmp_path: Path) -> None:
    assert code_of([]) == "E-USAGE"
    assert code_of([tmp_path / "none.tflite"]) == "E-FILE-MISSING"
    assert code_of([onnx_files.scale_model(tmp_path / "m.onnx")], BenchOptions(threads=0)) == "E-USAGE"
    (tmp_path / "bad.tflite").write_bytes(b"bad")
    assert code_of([tmp_path / "bad.tflite"]) == "E-MODEL-FORMAT"
    with pytest.raises(PortproofError, match="killed by SIGABRT") as caught:
        bench([tflite_files.aborting_model(tmp_path / "abort.tflite")], QUICK)
    assert caught.value.code == "E-RUN"
    light = onnx_files.scale_model(tmp_path / "m.onnx")
    assert code_of([light], BenchOptions(timeout_s=0.01)) == "E-RUN-TIMEOUT"


def test_every_load_starts_elsewhere() -> None:
    orders = [bench_worker._turned(["a", "b", "c"], number) for number in range(3)]  # type: ignore[list-item]
    assert orders == [["a", "b", "c"], ["a", "c", "b"], ["c", "a", "b"]]


def test_peak_memory_grows_with_what_is_held() -> None:
    before = bench_worker.peak_memory_bytes()
    held = np.ones(before // 8 + 10_000_000)
    assert bench_worker.peak_memory_bytes() >= before + 50_000_000
    del held


def test_host_is_named() -> None:
    assert "CPUs" in host()


def test_profile_sums_over_runs_and_sorts(tmp_path: Path) -> None:
    events = [
        {"cat": "Session", "name": "model_run", "dur": 1000},
        {"cat": "Node", "name": "a_fence_before", "dur": 9, "args": {"op_name": "Relu"}},
        {"cat": "Node", "name": "a_kernel_time", "dur": 100, "args": {"op_name": "Relu"}},
        {"cat": "Node", "name": "b_kernel_time", "dur": 700, "args": {"op_name": "Conv"}},
        {"cat": "Node", "name": "a_kernel_time", "dur": 300, "args": {"op_name": "Relu"}},
    ]
    (tmp_path / "t.json").write_text(json.dumps(events))
    assert operator_times(tmp_path / "t.json", 2) == [
        {"name": "b", "op": "Conv", "ms": 0.35},
        {"name": "a", "op": "Relu", "ms": 0.2},
    ]


def test_emulated_speed_is_no_speed(tmp_path: Path) -> None:
    (tmp_path / "net.mlpackage").mkdir()
    with pytest.raises(PortproofError, match="says nothing of theirs") as caught:
        bench([tmp_path / "net.mlpackage"])
    assert caught.value.messages[0].code == "E-USAGE"
