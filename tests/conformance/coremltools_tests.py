"""coremltools' own operator tests on the Core ML emulator: runs a seeded sample of them and sums up what came of it.

PORTPROOF_COREMLTOOLS_PYTHON=/path/to/python python -m tests.conformance.coremltools_tests mil --seed 1 --want 800

The wheel of coremltools ships its tests. They need numpy below 2.4, which Portproof does not: hence an interpreter of
their own (`INSTALL`).
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = "PORTPROOF_COREMLTOOLS_PYTHON"
INSTALL = "pip install 'torch==2.13.0' 'numpy<2.4' 'coremltools==9.0' packaging pillow pytest scipy"
SUITES = {"mil": "mil/ops/tests", "torch": "frontend/torch/test/test_torch_ops.py"}
"""Where the tests lie in coremltools/converters/mil: 19,758 cases of MIL operators, 22,705 of torch's."""

CONTRADICTIONS = {
    r"iOS17/test_scatter_gather\.py::TestScatter::test_ios17_invalid_indices\[.*validate_indices=False": (
        "indices outside of the data, not validated: MIL's text leaves the result undefined and the emulator refuses; "
        "the test wants any numbers but the right ones"
    ),
    r"test_normalization\.py::TestNormalizationLocalResponseNorm::test_builder_to_backend_smoke": (
        "each number is divided by a norm of itself alone, whatever the size: the first axis is taken for the channels "
        "of an input of rank 3, where MIL's text says [n, C, *D]"
    ),
    r"iOS15/test_image_resizing\.py::TestCropResize::test_builder_to_backend_smoke": (
        "a normalised box from 2 to 1, which MIL's text says lies in [0, 1]"
    ),
    r"test_image_resizing\.py::TestCropResize::test_builder_to_backend_ios1[67]": (
        "7.899 is expected where the bilinear image of 1 + 4 * row + column is 7.9 (row 1.5, column 0.9)"
    ),
    r"test_image_resizing\.py::TestResample::test_builder_to_backend_smoke\[": (
        "counts two casts of the conversion, which a float32 program does not have; the numbers agree"
    ),
    r"test_torch_ops\.py::TestStack::test_stack_dynamic_range_dim\[.*default_dynamic_size=(?!4)": (
        "a refusal is wanted because a ranged size is another one by default; where it runs all shapes are the same"
    ),
    r"test_torch_ops\.py::TestLSTMWithPackedSequence::test_lstm": (
        "the conversion takes the first sequence's length, 10, for the size of the batch, 3: its initial states have "
        "shape [10, 6], where MIL's text says [b, H]"
    ),
}
"""Cases, as patterns of their names, whose expectation is not what MIL's documentation says; why."""

Case = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What came of one run.

    Attributes:
        passed: cases that predict, of programs without float16, whose outputs agree by the test's own tolerance.
        failed: the others of these, each with the reason.
        errors: of cases whose program holds float16 values: the largest error of an output relative to the largest
            number expected of it, infinite where there was no output.
        left_out: cases that predict and do not count, each with the reason.
        silent: how many cases never predict: what their conversion refuses, and tests of coremltools alone.
        operators: of the programs that ran.
    """

    passed: tuple[str, ...]
    failed: Mapping[str, str]
    errors: Mapping[str, float]
    left_out: Mapping[str, str]
    silent: int
    operators: frozenset[str]

    @property
    def counted(self) -> int:
        """How many cases of float32 programs there are."""
        return len(self.passed) + len(self.failed)

    @property
    def share(self) -> float:
        """Of these, those that pass."""
        return len(self.passed) / self.counted

    def error(self, quantile: float) -> float:
        """A quantile of the float16 errors."""
        ordered = sorted(self.errors.values())
        return ordered[math.ceil(quantile * len(ordered)) - 1]


def run(
    suite: str,
    *,
    seed: int,
    want: int,
    want_float16: int = 10**6,
    most_of_a_test: int = 10**6,
    processes: int = 2,
) -> dict[str, Case]:
    """Runs a sample, and gives what happened by the name of the case.

    Args:
        suite: one of `SUITES`.
        seed: of the order in which cases are taken.
        want: how many cases of float32 programs have to predict.
        want_float16: of float16 ones, after which further cases for that precision are passed over.
        most_of_a_test: of the cases of one test function, to let every operator have its say.
        processes: that share the work; which cases run does not depend on how fast each of them is.
    """
    with tempfile.TemporaryDirectory() as folder:
        records = [Path(folder) / f"{part}.json" for part in range(processes)]
        shares = {"--want": math.ceil(want / processes), "--want-float16": math.ceil(want_float16 / processes)}
        numbers = {"--seed": seed, "--most-of-a-test": most_of_a_test, **shares}
        options = [text for name, number in numbers.items() for text in (name, str(number))]
        running = [
            _start(suite, [*options, "--part", f"{part}/{processes}", "--records", str(record)], Path(folder))
            for part, record in enumerate(records)
        ]
        for process in running:
            output, _ = process.communicate()
            if process.returncode not in (0, 1, 2):  # all pass, some do not, stopped when enough had run
                raise RuntimeError(f"pytest ended with {process.returncode}\n{output[-4000:]}")
        return {name: case for record in records for name, case in json.loads(record.read_text()).items()}


def _start(suite: str, options: Sequence[str], folder: Path) -> "subprocess.Popen[str]":
    python = os.environ[VARIABLE]
    (folder / "pytest.ini").write_text("[pytest]\n")
    find = "import importlib.util; print(importlib.util.find_spec('coremltools').submodule_search_locations[0])"
    package = Path(subprocess.run([python, "-c", find], check=True, capture_output=True, text=True).stdout.strip())
    command = [python, "-m", "pytest", "-p", "tests.conformance.coremltools_plugin", "-p", "no:cacheprovider"]
    command += ["-c", str(folder / "pytest.ini"), "--rootdir", str(package), "-q", "--tb=no", "-W", "ignore"]
    command += [*options, str(package / "converters" / "mil" / SUITES[suite])]
    environment = {
        **os.environ,
        "INCLUDE_MIL_FP32_UNIT_TESTS": "1",
        "PYMIL_TEST_TARGETS": "mlprogram",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / ".importroot")]),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "TMPDIR": str(folder),
    }
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def tally(cases: Mapping[str, Case]) -> Tally:
    """Sorts what happened."""
    predicted = {name: case for name, case in sorted(cases.items()) if case["predicted"]}
    outside = {name: why for name, case in predicted.items() if (why := left_out(name, case))}
    counted = {name: case for name, case in predicted.items() if name not in outside}
    single = {name: case for name, case in counted.items() if not case["float16"]}
    half = {name: _error(case) for name, case in counted.items() if case["float16"]}
    return Tally(
        passed=tuple(name for name, case in single.items() if case["outcome"] == "passed"),
        failed={name: _why(case) for name, case in single.items() if case["outcome"] != "passed"},
        errors={name: error for name, error in half.items() if error is not None},
        left_out=outside,
        silent=len(cases) - len(predicted),
        operators=frozenset().union(*(case["operators"] for case in predicted.values())),
    )


def left_out(name: str, case: Case) -> str:
    """Why a case that predicts does not count; empty where it does."""
    for pattern, why in CONTRADICTIONS.items():
        if re.search(pattern, name) and case["outcome"] != "passed":
            return why
    if case["random"]:
        return "draws random numbers"
    return "coremltools expects it to fail" if case["outcome"] == "skipped" else ""


def _error(case: Case) -> float | None:
    """None where a case predicts and compares nothing, such as one that expects a refusal and gets it."""
    if case["error"] is None and case["outcome"] == "passed":
        return None
    return math.inf if case["error"] is None else float(case["error"])


def _why(case: Case) -> str:
    return " ".join(str(case["failure"] or case["why"]).split())[:300]


def summary(found: Tally) -> str:
    """For people: the figures, what fails by test class, the worst float16 errors."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for name in (*found.passed, *found.failed):
        groups[_class(name)]["failed" if name in found.failed else "passed"] += 1
    lines = [
        f"float32: {len(found.passed)} of {found.counted} pass, {found.share:.2%}",
        f"float16: {len(found.errors)} cases, error p50 {found.error(0.5):.1e}, p99 {found.error(0.99):.1e}",
        f"{len(found.operators)} kinds of operators; {found.silent} cases never predict",
    ]
    lines += [
        f"  {name}: {count['failed']} of {count.total()} fail" for name, count in groups.items() if count["failed"]
    ]
    lines += [f"  failed: {name}\n    {why}" for name, why in found.failed.items()]
    worst = sorted(found.errors.items(), key=lambda item: -item[1])[: len(found.errors) // 50]
    lines += [f"  float16 {error:.1e}: {name}" for name, error in worst]
    lines += [f"  left out: {count} cases, {why}" for why, count in Counter(found.left_out.values()).items()]
    return "\n".join(lines)


def _class(name: str) -> str:
    return "::".join(name.split("[", maxsplit=1)[0].split("::")[:2])


def main(arguments: Sequence[str]) -> None:
    """Runs one suite; prints the summary, writes what happened to each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--want", type=int, default=10**6)
    parser.add_argument("--want-float16", type=int, default=10**6)
    parser.add_argument("--most-of-a-test", type=int, default=10**6)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, help="a JSON document of all cases")
    options = vars(parser.parse_args(arguments))
    out = options.pop("out")
    cases = run(options.pop("suite"), **options)
    if out is not None:
        out.write_text(json.dumps(cases, indent=1))
    print(summary(tally(cases)))


if __name__ == "__main__":
    main(sys.argv[1:])
