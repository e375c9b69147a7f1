"""The ONNX backend suite through the converter: runs the benchmark's driver, sorts what it found, writes the page.

python -m tests.conformance.suite > docs/onnx-suite.md
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MODES = ("params", "asis")
KINDS = "node,pytorch-operator,pytorch-converted"
_CONVERTERS = "suite_converters"
_RANDOM = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
)
_DRAWS = "draws random numbers"

_WRAPS = "the expected numbers of onnx 1.20 wrap around where the operator saturates, as ONNX Runtime and onnx 1.23 do"
WRONG_EXPECTATIONS = {
    **{f"node/test_qlinearmatmul_{rank}_int8_float{bits}": _WRAPS for rank in ("2D", "3D") for bits in (16, 32)},
    "node/test_l2normalization_axis_0": "the expected number of onnx 1.20 for a zero vector is no number",
}
"""Cases whose expected outputs are not what the operator's text and both evaluators say."""

_HEAD = """# The ONNX backend suite, case by case

Written by `make suite`; `make conformance` checks the bars. Do not edit.

The {cases} cases that onnx {version} has for its operators and torch's, each converted with `io_layout="keep"`, run in
LiteRT and compared with the suite's own outputs. *params*: weights, axes, shapes and the like are constants, as models
have them. *asis*: they are inputs computed at run time, as the suite ships them. Those that fail without onnxsim were
tried through the whole of `convert()` as well.

| mode | in scope | right | refused | does not run | wrong numbers |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What came of one run.

    Attributes:
        passed: names of cases whose outputs agree.
        refused: reason by case.
        broken: files that do not load or run, by case.
        wrong: files that give other numbers, by case.
        outside: why a case is out of scope.
    """

    passed: tuple[str, ...]
    refused: Mapping[str, str]
    broken: Mapping[str, str]
    wrong: Mapping[str, str]
    outside: Mapping[str, str]

    @property
    def in_scope(self) -> int:
        """How many cases count."""
        return len(self.passed) + len(self.refused) + len(self.broken) + len(self.wrong)

    @property
    def share(self) -> float:
        """Of the cases in scope, those that pass."""
        return len(self.passed) / self.in_scope


def run(bench: Path, data: Path, mode: str, converter: str, *options: str) -> dict[str, Any]:
    """The driver's results by case, as it writes them.

    Args:
        bench: the folder of `onnx_suite.py`.
        data: the folder of the cases, with `node` in it.
        mode: one of `MODES`.
        converter: a function of `suite_converters`.
        options: further ones of the driver.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [sys.executable, str(bench / "onnx_suite.py"), "--converter", f"{_CONVERTERS}:{converter}"]
        command += ["--data", str(data), "--mode", mode, "--out", str(out), *options]
        path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": path})
        results: dict[str, Any] = json.loads(out.read_text())
        return results


def tally(results: Mapping[str, Mapping[str, Any]]) -> Tally:
    """Sorts the driver's results."""
    outside = {name: why for name, case in results.items() if (why := _outside(name, case))}
    inside = {name: case for name, case in sorted(results.items()) if name not in outside}
    return Tally(
        passed=tuple(name for name, case in inside.items() if case["status"] == "pass"),
        refused={name: _reason(case["reason"]) for name, case in inside.items() if case["status"] == "fail_convert"},
        broken={name: case["reason"] for name, case in inside.items() if case["status"] == "fail_run"},
        wrong={name: case["reason"] for name, case in inside.items() if case["status"] == "fail_numeric"},
        outside=outside,
    )


def _outside(name: str, case: Mapping[str, Any]) -> str:
    """Why a case is out of scope; empty where it is in."""
    reason = str(case.get("reason", ""))
    kinds = {"skip_type": "a type that TFLite does not have goes in or out", "skip_dynamic": "inputs without a shape"}
    if case["status"] in kinds:
        return kinds[case["status"]]
    if name in WRONG_EXPECTATIONS and case["status"] == "fail_numeric":
        return WRONG_EXPECTATIONS[name]
    if case.get("domain"):
        return f"operators of {', '.join(case['domain'])}"
    if _RANDOM & set(case["op"].split("+")) or _DRAWS in reason:
        return "random numbers"
    return "an operator of training" if "belongs to training" in reason else ""


def _reason(text: str) -> str:
    """What the first message says: the operator and why, without the names of this case's values."""
    found = re.search(r"E-[A-Z-]+: (?P<what>[^\n]*)(?:\n *where: [^\n]*)?(?:\n *why: (?P<why>[^\n]*))?", text)
    if found is None:
        return re.split(r"\n| @ ", text)[0]
    what = found["what"].split(" @ ")[0].removesuffix(" cannot be written in TFLite")
    why = (found["why"] or "").split(" @ ")[0]
    if "is not known before run time" in why:
        why = "its shape is not known before run time"
    return f"{what}: {why}" if why else what


def whole_suite(bench: Path, data: Path, mode: str) -> dict[str, Any]:
    """Every case, quickly; those that fail once more as a user would convert them."""
    results = run(bench, data, mode, "quick", "--kinds", KINDS)
    failed = tally(results).refused
    with tempfile.TemporaryDirectory() as folder:
        again = run(bench, _chosen(data, failed, Path(folder)), mode, "whole", "--kinds", KINDS)
    return results | {name: again[name] for name in failed}


def _chosen(data: Path, names: Iterable[str], folder: Path) -> Path:
    """A folder of some cases, with those that expanded ones came from: there the driver reads what is a parameter."""
    for name in names:
        for item in {name, name.split("_expanded")[0]}:
            link = folder / item
            link.parent.mkdir(exist_ok=True)
            if (data / item).is_dir() and not link.exists():
                link.symlink_to(data / item)
    return folder


def dump(bench: Path, folder: Path) -> Path:
    """The cases that the installed onnx generates, and torch's that it ships, as the driver reads them."""
    import onnx

    subprocess.run([sys.executable, str(bench / "dump_node_cases.py"), str(folder)], check=True, capture_output=True)
    shipped = Path(onnx.__file__).parent / "backend" / "test" / "data"
    for kind in ("pytorch-operator", "pytorch-converted"):
        (folder / kind).symlink_to(shipped / kind)
    return folder


def page(tallies: Mapping[str, Tally]) -> str:
    """The whole page."""
    import onnx

    first = next(iter(tallies.values()))
    text = _HEAD.format(cases=first.in_scope + len(first.outside), version=onnx.__version__)
    for mode, found in tallies.items():
        failed = " | ".join(str(len(cases)) for cases in (found.refused, found.broken, found.wrong))
        text += f"| {mode} | {found.in_scope} | {len(found.passed)} ({found.share:.1%}) | {failed} |\n"
    text += "\n## Out of scope\n\n"
    text += "".join(f"- {why}: {count}\n" for why, count in sorted(Counter(first.outside.values()).items()))
    for mode, found in tallies.items():
        text += f"\n## What remains, {mode}\n\n"
        text += _listed({**found.refused, **found.broken, **found.wrong}) or "Nothing.\n"
    return text


def _listed(reasons: Mapping[str, str]) -> str:
    groups: dict[str, list[str]] = defaultdict(list)
    for name, why in reasons.items():
        groups[why].append(name.split("/")[1].removeprefix("test_"))
    return "".join(f"- **{why}** ({len(names)}): {', '.join(sorted(names))}\n" for why, names in sorted(groups.items()))


if __name__ == "__main__":
    folder = Path(os.environ.get("PORTPROOF_BENCH", ROOT.parent / "shared" / "bench"))
    with tempfile.TemporaryDirectory() as scratch:
        cases = dump(folder, Path(scratch))
        sys.stdout.write(page({mode: tally(whole_suite(folder, cases, mode)) for mode in MODES}))
