"""Quantizes a case by each method and measures what came of it; every result is kept until it is asked for anew."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.bench.int8 import quality
from tests.bench.int8.case import Case
from tests.bench.int8.child import Took
from tests.bench.int8.methods import Method, quantize
from tests.bench.int8.quality import Outputs, Quality

FLOAT = "float"
MIX = ".mix.json"
"""What a script leaves of a search for a mix, beside the model."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One method on one case.

    Attributes:
        method: its name.
        took: by the quantizer.
        onnx: quality in ONNX Runtime; None where the method writes no ONNX.
        tflite: quality in LiteRT; None where there is no such file.
        size_bytes: of the TFLite file, else of the ONNX one.
        partitions: XNNPACK's, of the TFLite file.
        ms: thread CPU time of the TFLite file; `ratio` how many times faster than our float file, with its interval.
        error: what failed after quantizing.
        mix: what a search for one says (`QuantizationReport.mix`); None where there was none.
    """

    method: str
    took: Took
    onnx: Quality | None = None
    tflite: Quality | None = None
    size_bytes: int = 0
    partitions: int | None = None
    ms: float | None = None
    ratio: tuple[float, float | None, float | None] | None = None
    error: str = ""
    mix: dict[str, Any] | None = None


def results(case: Case, methods: Iterable[Method], *, fresh: bool, loads: int) -> list[Result]:
    """All methods on a case, then all TFLite files of it against our float file, in turn in one process."""
    reference = Reference(case)
    found = {method.name: _kept(case, method, reference, fresh) for method in methods if _is_for(method, case)}
    files = {FLOAT: case.path("float.tflite")}
    files |= {name: path for name in found if (path := _file(case, name, ".tflite")).is_file()}
    timings = _times(files, loads) if len(files) > 1 and loads else {}
    return [_timed(result, timings.get(name)) for name, result in found.items()]


class Reference:
    """The float model's outputs on the test samples, computed when first asked for."""

    def __init__(self, case: Case) -> None:
        import onnx

        self.case = case
        graph = onnx.load(case.path("model.onnx"), load_external_data=False).graph
        self.names = [value.name for value in graph.output]
        self._outputs: list[Outputs] = []

    @property
    def outputs(self) -> list[Outputs]:
        """One list of outputs a sample."""
        if not self._outputs:
            run = quality.run_onnx(self.case.path("model.onnx"))
            self._outputs = list(quality.run_all(self.case, run))
        return self._outputs


def _is_for(method: Method, case: Case) -> bool:
    return not method.only or case.name in method.only


def _file(case: Case, method: str, suffix: str) -> Path:
    return case.path(f"{method.replace(' ', '-')}{suffix}")


def _kept(case: Case, method: Method, reference: Reference, fresh: bool) -> Result:
    path = _file(case, method.name, ".json")
    if path.is_file() and not fresh:
        return _read(json.loads(path.read_text(encoding="utf-8")))
    result = _quantized(case, method, reference)
    path.write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")
    return result


def _read(data: dict[str, Any]) -> Result:
    made = {name: Quality(**data[name]) if data[name] else None for name in ("onnx", "tflite")}
    return Result(**data | made | {"took": Took(**data["took"])})


def _quantized(case: Case, method: Method, reference: Reference) -> Result:
    out = _file(case, method.name, method.suffix)
    for path in (out, out.with_suffix(MIX)):
        path.unlink(missing_ok=True)
    took = quantize(method, case, out)
    result = Result(method=method.name, took=took, mix=_mix(out))
    if took.error:
        return result
    try:
        return _judged(result, case, method, reference, out)
    except Exception as error:  # a quantizer's file may not load, run or have the shapes it should
        return replace(result, error=f"{type(error).__name__}: {str(error).splitlines()[0][:160]}")


def _mix(out: Path) -> dict[str, Any] | None:
    path = out.with_suffix(MIX)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _judged(result: Result, case: Case, method: Method, reference: Reference, out: Path) -> Result:
    onnx = None
    if out.suffix == ".onnx":
        run = quality.run_onnx(out)
        onnx = quality.judge(case, reference.outputs, list(quality.run_all(case, run)))
    if method.is_ours:
        from portproof.exporter.tflite import convert

        convert(out, out.with_suffix(".tflite"))
    tflite_file = out.with_suffix(".tflite")
    if not tflite_file.is_file():
        return replace(result, onnx=onnx, size_bytes=out.stat().st_size)
    shapes = [output.shape for output in reference.outputs[0]]
    run_tflite = quality.run_tflite(tflite_file, reference.names, shapes)
    got = list(quality.run_all(case, run_tflite))
    return replace(
        result,
        onnx=onnx,
        tflite=quality.judge(case, reference.outputs, got),
        size_bytes=tflite_file.stat().st_size,
        partitions=_partitions(tflite_file),
    )


def _partitions(path: Path) -> int:
    from tests.bench.latency import graph_of

    return graph_of(path)[2]


def _times(files: dict[str, Path], loads: int) -> dict[str, tuple[float, tuple[float, float | None, float | None]]]:
    """Median CPU ms of each file, and how many times faster than the first it is."""
    from portproof.runtimes.bench import BenchOptions, bench

    measured = bench(list(files.values()), BenchOptions(loads=loads, profile=False, rounds=12 * loads))
    found = {}
    for name, timing in zip(files, measured.files, strict=True):
        against = timing.against_first
        ends = (against.high, against.low) if against else (None, None)
        ratio = 1 / against.ratio if against else 1.0
        found[name] = (timing.cpu.median_ms, (ratio, *(None if end is None else 1 / end for end in ends)))
    return found


def _timed(result: Result, timing: tuple[float, tuple[float, float | None, float | None]] | None) -> Result:
    return result if timing is None else replace(result, ms=timing[0], ratio=timing[1])


def geometric_mean(ratios: Iterable[float]) -> float:
    """Of speed-ups."""
    return float(np.exp(np.mean(np.log(list(ratios)))))
