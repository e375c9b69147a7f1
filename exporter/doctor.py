"""Is this environment sound: versions against what Portproof asks for, known conflicts, and a run of each runtime."""

import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.progress import Progress, Silent

if TYPE_CHECKING:
    import onnx_ir as ir
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

# Two packages that write the same import folder, or want what the other cannot have.
CONFLICTS = (
    ("onnxruntime", "onnxruntime-gpu", "both install the folder `onnxruntime`; keep one"),
    ("onnxruntime", "onnxruntime-openvino", "both install the folder `onnxruntime`; keep one"),
    ("onnxsim", "onnx-simplifier", "both install the folder `onnxsim`; keep onnxsim"),
    ("numpy", "tflite-runtime", "tflite-runtime needs numpy below 2; use ai-edge-litert"),
)
_SMOKE_TIMEOUT_S = 60.0
_FOR_DEVELOPERS = frozenset({"dev"})


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding.

    Attributes:
        what: what was looked at.
        state: ``"absent"`` is an optional package that is not installed: nothing is wrong.
        found: the version, or what happened.
        wanted: the range asked for; empty when there is none.
        hint: what to do when it is broken.
    """

    what: str
    state: Literal["ok", "absent", "broken"]
    found: str
    wanted: str = ""
    hint: str = ""


def examine(progress: Progress | None = None) -> list[Check]:
    """Every check; none stops the others."""
    listener = progress or Silent()
    checks = [_python(), *_packages(), *_conflicts()]
    for name, needs, smoke in _runtimes():
        if not needs or _installed(needs):
            with listener.step(f"run a model in {name}"):
                checks.append(_smoke(name, smoke))
    return checks


def _python() -> Check:
    wanted = metadata.metadata("portproof")["Requires-Python"]
    state: Literal["ok", "broken"] = "ok" if sys.version_info >= (3, 11) else "broken"
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check(what="python", state=state, found=found, wanted=wanted, hint="install Python 3.11 or newer")


def _packages() -> Iterator[Check]:
    """What Portproof's own metadata asks for; the packages of an extra may be absent."""
    from packaging.requirements import Requirement

    offered = metadata.metadata("portproof").get_all("Provides-Extra") or ()
    known = [extra for extra in offered if extra not in _FOR_DEVELOPERS]
    for text in metadata.requires("portproof") or ():
        requirement = Requirement(text)
        extras = [extra for extra in known if _of_extra(requirement, extra)]
        if requirement.marker is None or extras:
            yield _package(requirement.name, requirement.specifier, extras[0] if extras else "")


def _of_extra(requirement: "Requirement", extra: str) -> bool:
    return requirement.marker is not None and f'extra == "{extra}"' in str(requirement.marker)


def _package(name: str, wanted: "SpecifierSet", extra: str) -> Check:
    install = f"pip install 'portproof[{extra}]'" if extra else f"pip install '{name}{wanted}'"
    what = f"{name} (extra {extra})" if extra else name
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        state: Literal["absent", "broken"] = "absent" if extra else "broken"
        return Check(what=what, state=state, found="not installed", wanted=str(wanted), hint=install)
    fits = wanted.contains(found, prereleases=True)
    return Check(what=what, state="ok" if fits else "broken", found=found, wanted=str(wanted), hint=install)


def _conflicts() -> Iterator[Check]:
    for first, second, why in CONFLICTS:
        if _installed(first) and _installed(second):
            hint = f"pip uninstall {second}"
            yield Check(what=f"{first} and {second}", state="broken", found=why, hint=hint)


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _smoke(name: str, run: Callable[[Path], float]) -> Check:
    """Run a tiny model in a child process; whatever happens there becomes a finding."""
    what = f"{name} runs a model"
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = run(Path(folder))
    except (PortproofError, ImportError) as error:
        return Check(what=what, state="broken", found=str(error), hint="install the pinned versions again")
    state: Literal["ok", "broken"] = "ok" if result == 3.0 else "broken"
    return Check(what=what, state=state, found=f"1 + 2 = {result:g}", hint="install the pinned versions again")


def _run_onnx(folder: Path) -> float:
    from portproof.exporter import onnx_io

    return _add(onnx_io.save(_adder(), folder / "add.onnx")[0])


def _run_tflite(folder: Path) -> float:
    from portproof.exporter.tflite.conversion import convert_model

    path = folder / "add.tflite"
    path.write_bytes(convert_model(_adder(), io_layout="keep").data)
    return _add(path)


def _run_coreml(folder: Path) -> float:
    from portproof.exporter.coreml.conversion import write_model

    return _add(write_model(_adder(), folder / "add.mlpackage", float16=False).path)


def _run_coreai(folder: Path) -> float:
    from portproof.exporter import coreai, onnx_io

    source = onnx_io.save(_adder(), folder / "add.onnx")[0]
    coreai.convert(source, folder / "add.aimodel")
    return _add(folder / "add.aimodel")


def _runtimes() -> Sequence[tuple[str, str, Callable[[Path], float]]]:
    """What runs a model, the package of an extra that it needs, and how it is tried."""
    return (
        ("ONNX Runtime", "", _run_onnx),
        ("LiteRT", "", _run_tflite),
        ("the Core ML emulator", "coremltools", _run_coreml),
        ("Core AI", "coreai-core", _run_coreai),
    )


def _adder() -> "ir.Model":
    import onnx_ir as ir

    return ir.from_onnx_text(
        '<ir_version: 10, opset_import: ["" : 23]> agraph (float[1] a, float[1] b) => (float[1] c) { c = Add(a, b) }'
    )


def _add(path: Path) -> float:
    import numpy as np

    from portproof import runtimes

    with runtimes.open(path, timeout_s=_SMOKE_TIMEOUT_S) as runner:
        return float(runner.run({"a": np.ones(1, np.float32), "b": np.full(1, 2, np.float32)})["c"][0])
