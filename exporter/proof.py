"""The proof of one file: load it into its real runtime, run it on every sample, compare, apply the gates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from portproof import runtimes
from portproof.device_profiles.errors import Message
from portproof.exporter.precision import precision_of
from portproof.exporter.progress import Progress
from portproof.exporter.report.parts import TargetName
from portproof.runtimes.gates import MetricGate
from portproof.runtimes.options import DEFAULT_SIGNATURE
from portproof.runtimes.parity import Parity, compare, run_in_source_layout
from portproof.runtimes.spec import TensorSpec
from portproof.runtimes.tolerances import resolve

if TYPE_CHECKING:
    from portproof.runtimes.coreml.differences import OperatorDifference
    from portproof.runtimes.options import Precision

_PACKAGES = {
    "onnx": ("ONNX Runtime", "onnxruntime"),
    "tflite": ("LiteRT", "ai-edge-litert"),
    "coreml": ("Core ML emulator", "portproof"),
    "coreai": ("Core AI", "coreai-core"),
}
_OPERATOR_SAMPLES = 2
"""Every result of every operator is held, twice."""
_TARGETS: dict[str, TargetName] = {
    "LiteRT": "tflite",
    "ONNX Runtime": "onnx",
    "Core ML emulator": "coreml",
    "Core AI": "coreai",
}


class Samples(Protocol):
    """Inputs and the reference's outputs for them."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[dict[str, NDArray[Any]]]: ...

    def inputs(self) -> Iterator[dict[str, NDArray[Any]]]:
        """The inputs of each sample; iterating over the object itself gives the outputs."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What may differ: the user's tolerances, in the grammar of ``--atol`` and ``--rtol``, and metric gates."""

    atol: Sequence[str] = ()
    rtol: Sequence[str] = ()
    gates: Sequence[MetricGate] = ()


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What running one file showed.

    Attributes:
        target: ``"onnx"``, ``"tflite"``, ``"coreml"`` or ``"coreai"``.
        file: its name.
        signature_key: which function of the source it is.
        runtime: what ran it, with its version.
        inputs: of the file, in its own layout.
        outputs: of the file, in its own layout.
        parity: against the reference.
        failed: every gate that was not met.
        by_operator: of a Core ML package, where rounding to float16 shows; empty unless asked for.
    """

    target: TargetName
    file: str
    signature_key: str = DEFAULT_SIGNATURE
    runtime: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    parity: Parity
    failed: tuple[Message, ...]
    by_operator: "tuple[OperatorDifference, ...]" = ()


def prove(
    path: Path,
    samples: Samples,
    limits: Limits,
    *,
    expected: Iterable[TensorSpec] = (),
    key: str = DEFAULT_SIGNATURE,
    signature: str = "",
    precision: "Precision | None" = None,
    progress: Progress,
) -> Proof:
    """Run a file and compare it with the reference.

    Args:
        path: a ``.onnx`` or ``.tflite`` file, or a ``.mlpackage`` folder.
        samples: inputs and reference outputs, in the source's layout.
        limits: tolerances and gates.
        expected: the source's outputs; those of the file when it is not known.
        key: which function of the source it is.
        signature: of a file that offers several, the one to run.
        precision: how the emulator computes a Core ML package; strictly when left out. When ``"strict"`` is asked for,
            the proof says where it shows.
        progress: told a step, one piece a sample.

    Raises:
        PortproofError: ``E-MODEL-*``, ``E-RUN``, ``E-RUN-TIMEOUT``: the file does not load or run; ``E-USAGE``;
            ``E-GATE-PARITY`` when an output is missing or of another shape.
    """
    target = target_of(path)
    name = f"{path.name} {signature}".rstrip()
    opened = runtimes.open(path, signature=signature, precision=precision or "strict")
    with opened as runner, progress.step(f"run {name}", len(samples)) as advance:
        tolerances = resolve(
            tuple(expected) or runner.outputs,
            target=target,
            precision=precision_of(path, target),
            atol=limits.atol,
            rtol=limits.rtol,
        )
        outputs = _counted((run_in_source_layout(runner, inputs) for inputs in samples.inputs()), advance)
        parity = compare(samples, outputs, tolerances, where=name)
        return Proof(
            target=target,
            file=path.name,
            signature_key=key,
            runtime=runtime_of(target),
            inputs=runner.inputs,
            outputs=runner.outputs,
            parity=parity,
            failed=tuple(parity.gates(limits.gates)),
            by_operator=_by_operator(path, samples, signature) if (target, precision) == ("coreml", "strict") else (),
        )


def _by_operator(path: Path, samples: Samples, signature: str) -> "tuple[OperatorDifference, ...]":
    from portproof.runtimes.coreml.differences import differences

    return tuple(differences(path, islice(samples.inputs(), _OPERATOR_SAMPLES), function=signature))


def target_of(path: Path) -> TargetName:
    """``"tflite"``, ``"onnx"``, ``"coreml"`` or ``"coreai"``, by the format of the file."""
    from portproof.runtimes.registry import find_format

    return _TARGETS[find_format(path).name]


def runtime_of(target: str) -> str:
    """The runtime of a target and its version: ``"LiteRT 2.3.0"``."""
    name, package = _PACKAGES[target]
    try:
        return f"{name} {metadata.version(package)}"
    except metadata.PackageNotFoundError:  # a board with tflite-runtime in its place
        return name


def _counted(items: Iterable[Mapping[str, NDArray[Any]]], advance: Any) -> Iterator[Mapping[str, NDArray[Any]]]:
    for item in items:
        yield item
        advance()
