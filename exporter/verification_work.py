"""What `verify` does with each job: the reference's outputs, then every function of every file against them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.admitted import admitted_sizes, unproven
from portproof.exporter.dataset import open_data
from portproof.exporter.declarations import of_function
from portproof.exporter.inspection.onnx_file import inputs_of, outputs_of
from portproof.exporter.jobs import Job
from portproof.exporter.limits import of_functions
from portproof.exporter.program import Program
from portproof.exporter.proof import Limits, Proof, Samples, prove
from portproof.exporter.recorded import Reader, Recorded
from portproof.exporter.reference import record
from portproof.exporter.source import Source
from portproof.exporter.tflite.metadata.describe import Declared
from portproof.exporter.told import Told
from portproof.runtimes.options import Precision


@dataclass(frozen=True, kw_only=True)
class Work:
    """What every job has in common.

    Attributes:
        made: what to compare with; None for the golden vectors.
        data: of each of its functions.
        declared: how pictures become its inputs.
        count: of random samples.
        seed: of random samples.
        limits: what may differ.
        told: told the steps and the warnings.
        precision: how the emulator computes Core ML packages; None for strictly, without a list of operators.
    """

    made: Program | None
    data: Mapping[str, str | None]
    declared: Declared | None
    count: int
    seed: int
    limits: Limits
    told: Told
    precision: Precision | None = None

    def prove(self, job: Job) -> list[Proof]:
        """Run every function of the job's files.

        Raises:
            PortproofError: ``E-USAGE``: the reference lacks a function; what running and comparing refuse.
        """
        keys = tuple(dict.fromkeys(run.key for run in job.runs))
        refs = {key: self._reference(key, keys) for key in keys}
        outputs = {key: _output_names(_source(self.made, refs[key]), job.vectors.get(key, ())) for key in keys}
        limits = of_functions(self.limits, outputs) if all(outputs.values()) else dict.fromkeys(keys, self.limits)
        return [proof for key in keys for proof in self._prove(job, key, refs[key], limits[key])]

    def _prove(self, job: Job, key: str, ref: str, limits: Limits) -> list[Proof]:
        source = _source(self.made, ref)
        expected = () if source is None else outputs_of(source.model)
        with self._samples(source, ref, Reader(job.vectors.get(key, ()))) as samples:
            return [
                prove(
                    run.path,
                    samples,
                    limits,
                    expected=expected,
                    key=key,
                    signature=run.signature,
                    precision=self.precision,
                    progress=self.told.progress,
                )
                for run in job.runs
                if run.key == key and len(samples)
            ]

    def _reference(self, key: str, keys: Sequence[str]) -> str:
        """The name of the reference's function that one of a file is compared with; empty for golden vectors."""
        if self.made is None:
            return ""
        if key not in self.made.functions and len(keys) == 1 and self.made.only:
            return self.made.keys[0]
        if key not in self.made.functions:
            raise PortproofError(
                "E-USAGE",
                f"--ref does not offer {key!r}, which is to be verified",
                why=f"it offers {', '.join(self.made.keys)}",
                hint=f"name a model for each function: {' '.join(f'--ref {name}=MODEL' for name in keys)}",
            )
        return key

    @contextmanager
    def _samples(self, source: Source | None, ref: str, golden: Reader) -> Iterator[Samples]:
        """The golden vectors as they are; with a source, its own outputs on the data chosen."""
        if source is None:
            yield golden
            return
        with Recorded() as recorded:
            if self.data[ref] is None and len(golden):
                self.told.add(record(source, golden.inputs(), len(golden), recorded, self.told.progress))
            else:
                specs, example = inputs_of(source.model, source.dims), source.example
                sizes, skipped = admitted_sizes(source, self.seed) if self.data[ref] is None else ([], ())
                dataset, warnings = open_data(
                    self.data[ref],
                    specs,
                    example=example,
                    count=self.count,
                    seed=self.seed,
                    sizes=sizes,
                    declared=of_function(self.declared, ref) if self.declared else (),
                )
                self.told.add((*skipped, *warnings))
                self.told.add(record(source, dataset, dataset.count, recorded, self.told.progress))
                self.told.add(unproven(source, recorded.shapes) if dataset.kind != "random" else ())
            yield recorded


def _source(made: Program | None, ref: str) -> Source | None:
    return None if made is None else made.functions[ref]


def _output_names(source: Source | None, vectors: Sequence[Path]) -> tuple[str, ...]:
    """The names of a function's outputs; empty when nothing tells."""
    if source is not None:
        return source.output_names
    return tuple(next(iter(Reader(vectors)), {}))
