"""The ONNX backend suite through the Core ML writer and the emulator, in one process.

python -m tests.conformance.coreml_suite [--sample 300] [--mode params] [--match TEXT] [--out results.json]
"""

import argparse
import importlib.util
import json
import os
import random
import sys
import tempfile
import types
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tests.conformance.suite import KINDS, ROOT

from portproof.device_profiles.errors import PortproofError

SEED = 0
"""The benchmark's own: its sample of 300 cases is the one that peers were measured on."""


def driver(bench: Path) -> types.ModuleType:
    """The benchmark's driver, for its cases, modes and comparison."""
    spec = importlib.util.spec_from_file_location("onnx_suite", bench / "onnx_suite.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(bench / "onnx_suite.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(
    bench: Path, data: Path, *, sample: int = 0, mode: str = "params", match: str = ""
) -> dict[str, dict[str, Any]]:
    """What came of each case: the driver's statuses.

    Args:
        bench: the folder of `onnx_suite.py`.
        data: the folder of the cases, with `node` in it.
        sample: how many, drawn as the driver draws them; 0 for all.
        mode: ``"params"`` or ``"asis"``.
        match: only cases whose name has it.
    """
    suite = driver(bench)
    cases = list(suite.find_cases([str(data / kind) for kind in KINDS.split(",") if (data / kind).is_dir()]))
    if sample and sample < len(cases):
        cases = sorted(random.Random(SEED).sample(cases, sample))  # noqa: S311 - a sample of tests
    results = {}
    for name, folder in cases:
        if match in name:
            results[name] = _case(suite, folder, mode)
    return results


def _case(suite: types.ModuleType, folder: str, mode: str) -> dict[str, Any]:
    skip, _, info = suite.classify(folder)
    if skip:
        return {"status": skip[0], "reason": skip[1], **info}
    with tempfile.TemporaryDirectory() as work:
        try:
            path = suite.prepare(folder, mode, work)
        except Exception as error:  # the driver's own reading
            return {"status": "skip_type", "reason": f"the driver cannot load it: {error}"[:200], **info}
        feeds, want = _arrays(Path(work))
        if too_wide(feeds, want):
            return {"status": "skip_type", "reason": "whole numbers beyond int32, which no feature carries", **info}
        return {**_converted(suite, Path(path), Path(work) / "m.mlpackage", feeds, want), **info}


def _arrays(work: Path) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    names = json.loads((work / "io.json").read_text())
    with np.load(work / "io.npz") as arrays:
        feeds = {name: arrays[f"i:{name}"] for name in names["inputs"]}
        return feeds, {name: arrays[f"o:{name}"] for name in names["outputs"]}


def too_wide(*sides: Mapping[str, np.ndarray]) -> bool:
    """Whether an input or output holds whole numbers that int32 does not."""
    arrays = [array for side in sides for array in side.values() if array.dtype.kind in "iu" and array.size]
    return any(int(array.max()) > 2**31 - 1 or int(array.min()) < -(2**31) for array in arrays)


def _converted(
    suite: types.ModuleType, path: Path, package: Path, feeds: Mapping[str, np.ndarray], want: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    try:
        convert(path, package)
    except PortproofError as error:
        return {"status": "fail_convert", "reason": str(error)[:600]}
    except Exception as error:  # a defect, which the run is to show and not to end by
        return {"status": "fail_convert", "reason": f"{type(error).__name__}: {str(error)[:300]}"}
    try:
        got = outputs(package, feeds)
    except Exception as error:
        return {"status": "fail_run", "reason": f"{type(error).__name__}: {str(error)[:300]}"}
    if len(got) != len(want):
        return {"status": "fail_run", "reason": f"{len(got)} outputs, the case has {len(want)}"}
    compared = [suite.compare(array, expected) for array, expected in zip(got, want.values(), strict=True)]
    wrong = [
        f"{name}: {how[1]}" for name, how in zip(want, compared, strict=True) if how[0] not in ("exact", "reshaped")
    ]
    return {"status": "fail_numeric", "reason": "; ".join(wrong)[:400]} if wrong else {"status": "pass", "reason": ""}


def convert(path: Path, package: Path) -> None:
    """A float32 package for the newest release; without onnxsim first, then as a user converts."""
    import onnx
    import onnx_ir as ir

    from portproof.exporter import coreml
    from portproof.exporter.coreml.conversion import write_model
    from portproof.exporter.pinning import pin
    from portproof.exporter.simplify.pipeline import run_passes

    model = ir.from_proto(onnx.load(path))
    model.graph.inputs[:] = [value for value in model.graph.inputs if not value.is_initializer()]
    try:
        write_model(run_passes(pin(model, [])), package, target="iOS18", float16=False)
    except PortproofError:
        coreml.convert(path, package, target="iOS18", float16=False)


def outputs(package: Path, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """What the emulator gives for the inputs of a case, in the order of the case's outputs."""
    import torch

    from portproof.runtimes.coreml.engine import Executable
    from portproof.runtimes.coreml.parse import read

    read_package = read(package)
    function = read_package.functions["main"]
    executable = Executable(function)
    record = json.loads(read_package.metadata["portproof.io"])
    fed = {row["name"]: torch.from_numpy(_as_fed(feeds[row["source"]])) for row in record["inputs"]}
    results = executable.run(fed)
    return [results[row["name"]].numpy() for row in record["outputs"]]


def _as_fed(array: np.ndarray) -> np.ndarray:
    array = array.reshape(1) if array.ndim == 0 else array
    return np.array(array.astype(np.float32 if array.dtype.kind == "f" else np.int32))


def main() -> None:
    """Runs it and prints a summary, the failures by operator."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--mode", default="params")
    parser.add_argument("--match", default="")
    parser.add_argument("--out", default="")
    asked = parser.parse_args()
    bench = Path(os.environ.get("PORTPROOF_BENCH", ROOT.parent / "shared" / "bench"))
    results = run(
        bench, Path(os.environ["PORTPROOF_ONNX_CASES"]), sample=asked.sample, mode=asked.mode, match=asked.match
    )
    if asked.out:
        Path(asked.out).write_text(json.dumps(results, indent=1))
    counts = Counter(case["status"] for case in results.values())
    print(dict(counts), file=sys.stderr)
    for name, case in results.items():
        if case["status"].startswith("fail"):
            print(name, case["op"], case["status"], " ".join(case["reason"].split())[:200])


if __name__ == "__main__":
    main()
