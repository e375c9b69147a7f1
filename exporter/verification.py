"""Verify files that were written earlier: are they the manifest's, and do they still compute the same."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portproof.device_profiles.codes import GATE, OK
from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import request
from portproof.exporter.admitted import admitted_sizes
from portproof.exporter.dataset import open_data
from portproof.exporter.inspection.onnx_file import inputs_of, outputs_of
from portproof.exporter.jobs import Job, jobs
from portproof.exporter.progress import Progress, Silent
from portproof.exporter.proof import Limits, Proof, Samples, prove
from portproof.exporter.recorded import Reader, Recorded
from portproof.exporter.reference import record
from portproof.exporter.source import Source, load


@dataclass(frozen=True, kw_only=True)
class VerifyResult:
    """What verification found.

    Attributes:
        proofs: one a model file.
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
    ref: str | None = None,
    data: str | None = None,
    inputs: Sequence[str] = (),
    atol: Sequence[str] = (),
    rtol: Sequence[str] = (),
    metrics: Sequence[str] = (),
    allow_pickle: bool = False,
    seed: int = 0,
    samples: int = 4,
    progress: Progress | None = None,
) -> VerifyResult:
    """Run model files in their runtimes and compare them with a model, or with the golden vectors beside them.

    Args:
        paths: folders that `export` wrote (their files are compared with the manifest's sums first), model files.
        ref: the model to compare with, in the MODEL grammar; the golden vectors when left out.
        data: what to compare on, in the DATA grammar; needs `ref`. With `ref` alone: the golden inputs where there
            are some, else seeded random inputs (``W-RANDOM-DATA``).
        inputs: declarations of the inputs of `ref`, as for `export`.
        atol: absolute tolerances, as for `export`.
        rtol: relative ones.
        metrics: further gates.
        allow_pickle: unpickle `ref`; runs code from the file.
        seed: of random inputs.
        samples: how many random inputs.
        progress: told the steps and the warnings.

    Raises:
        PortproofError: whatever is refused; a gate that fails is no error: see `VerifyResult.failed`.
    """
    listener = progress or Silent()
    asked = request.check(targets=(), devices=(), metrics=metrics, io_layout="auto", samples=samples)
    if data is not None and ref is None:
        raise _data_needs_ref()
    found = jobs([Path(path) for path in paths], need_golden=ref is None)
    source = None
    if ref is not None:
        with listener.step(f"read {ref}"):
            source = load(ref, inputs=inputs, allow_pickle=allow_pickle, seed=seed)
    work = _Work(
        source=source,
        data=data,
        count=samples,
        seed=seed,
        limits=Limits(atol=atol, rtol=rtol, gates=asked.gates),
        progress=listener,
    )
    messages = list(source.messages if source else ())
    proofs = [proof for job in found for proof in work.prove(job, messages)]
    return VerifyResult(
        proofs=tuple(proofs),
        checked_files=sum(job.checked_files for job in found),
        failed=(*(m for job in found for m in job.failed), *(m for proof in proofs for m in proof.failed)),
        messages=tuple(messages),
    )


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What every job has in common."""

    source: Source | None
    data: str | None
    count: int
    seed: int
    limits: Limits
    progress: Progress

    def prove(self, job: Job, messages: list[Message]) -> list[Proof]:
        """Run the job's models; warnings are added to `messages`."""
        expected = () if self.source is None else outputs_of(self.source.model)
        with self._samples(job, messages) as samples:
            return [
                prove(path, samples, self.limits, expected=expected, progress=self.progress)
                for path in (job.models if len(samples) else ())
            ]

    @contextmanager
    def _samples(self, job: Job, messages: list[Message]) -> Iterator[Samples]:
        """The golden vectors as they are; with a source, its own outputs on the data chosen."""
        golden = Reader(job.vectors)
        if self.source is None:
            yield golden
            return
        with Recorded() as recorded:
            if self.data is None and len(golden):
                record(self.source, golden.inputs(), len(golden), recorded, self.progress)
            else:
                specs, example = inputs_of(self.source.model, self.source.dims), self.source.example
                sizes, skipped = admitted_sizes(self.source, self.seed) if self.data is None else ([], ())
                dataset, random = open_data(
                    self.data, specs, example=example, count=self.count, seed=self.seed, sizes=sizes
                )
                warnings = (*skipped, *random)
                messages += warnings
                for message in warnings:
                    self.progress.message(message)
                record(self.source, dataset, dataset.count, recorded, self.progress)
            yield recorded


def _data_needs_ref() -> PortproofError:
    return PortproofError(
        "E-USAGE",
        "--data needs --ref",
        why="golden vectors hold the outputs for their own inputs only",
        hint="name the model that computes the reference on your data: --ref MODEL",
    )
