"""Verify files that were written earlier: are they the manifest's, and do they still compute the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from portproof.device_profiles.codes import GATE, OK
from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import declarations, program, request
from portproof.exporter.data_choice import by_function
from portproof.exporter.jobs import jobs
from portproof.exporter.progress import Progress, Silent
from portproof.exporter.proof import Limits, Proof
from portproof.exporter.told import Told
from portproof.exporter.verification_work import Work
from portproof.runtimes.options import Precision


@dataclass(frozen=True, kw_only=True)
class VerifyResult:
    """What verification found.

    Attributes:
        proofs: one a function of a model file.
        checked_files: how many files were compared with the sums of a manifest.
        failed: every gate that was not met.
        messages: warnings.
    """

    proofs: tuple[Proof, ...]
    checked_files: int
    failed: tuple[Message, ...]
    messages: tuple[Message, ...]

    @property
    def exit_status(self) -> int:
        """0, or 1 when a gate failed."""
        return GATE if self.failed else OK


def verify(  # noqa: PLR0913 - the options of the command line
    paths: Sequence[str | Path],
    *,
    ref: str | Sequence[str] | None = None,
    data: str | Sequence[str] | None = None,
    inputs: Sequence[str] = (),
    images: Sequence[str] = (),
    atol: Sequence[str] = (),
    rtol: Sequence[str] = (),
    metrics: Sequence[str] = (),
    precision: Precision | None = None,
    allow_pickle: bool = False,
    seed: int = 0,
    samples: int = 4,
    progress: Progress | None = None,
) -> VerifyResult:
    """Run model files in their runtimes and compare them with a model, or with the golden vectors beside them.

    Args:
        paths: folders that `export` wrote (their files are compared with the manifest's sums first), model files.
        ref: the model to compare with, in the MODEL grammar, for several functions ``NAME=MODEL`` each; the golden
            vectors when left out.
        data: what to compare on, in the DATA grammar, for several functions ``SIGNATURE=DATA``; needs `ref`. With
            `ref` alone: the golden inputs where there are some, else seeded random inputs (``W-RANDOM-DATA``).
        inputs: declarations of the inputs of `ref`, as for `export`.
        images: how pictures become the inputs of `ref`, as for `export`: for image folders that do not say so.
        atol: absolute tolerances, as for `export`.
        rtol: relative ones.
        metrics: further gates.
        precision: how the emulator computes Core ML packages: ``"strict"`` rounds every result to its declared type and
            lists where that shows, ``"minimum"`` computes float16 in float32; strictly, without a list, when left out.
        allow_pickle: unpickle `ref`; runs code from the file.
        seed: of random inputs.
        samples: how many random inputs.
        progress: told the steps and the warnings.

    Raises:
        PortproofError: whatever is refused; a gate that fails is no error: see `VerifyResult.failed`.
    """
    listener = progress or Silent()
    asked = request.check(request.Asked(metrics=metrics, atol=atol, rtol=rtol, images=images, samples=samples))
    for option, given in (("--data", data), ("--image", images)):
        if given and not ref:
            raise _needs_ref(option)
    named = program.named(ref) if ref else {}
    found = jobs([Path(path) for path in paths], need_golden=not ref)
    made = None
    if named:
        with listener.step(f"read {', '.join(named.values())}"):
            made = program.load(named, inputs=inputs, allow_pickle=allow_pickle, seed=seed)
    told = Told(progress=listener)
    work = Work(
        made=made,
        data=by_function(data, made.keys) if made else {},
        declared=declarations.resolve(asked, made) if made else None,
        count=samples,
        seed=seed,
        limits=Limits(atol=atol, rtol=rtol, gates=asked.gates),
        told=told,
        precision=precision,
    )
    for key, source in made.functions.items() if made else ():
        told.add(source.messages, "" if made and made.only else key)
    proofs = [proof for job in found for proof in work.prove(job)]
    return VerifyResult(
        proofs=tuple(proofs),
        checked_files=sum(job.checked_files for job in found),
        failed=(*(m for job in found for m in job.failed), *(m for proof in proofs for m in proof.failed)),
        messages=tuple(told.messages),
    )


def _needs_ref(option: str) -> PortproofError:
    return PortproofError(
        "E-USAGE",
        f"{option} needs --ref",
        why="golden vectors hold the outputs for their own inputs only",
        hint="name the model that computes the reference on your data: --ref MODEL",
    )
