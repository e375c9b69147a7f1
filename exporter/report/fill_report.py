"""What an export found out, as `report.json` has it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from portproof.device_profiles.errors import Message
from portproof.exporter.inspection.onnx_file import inputs_of, outputs_of
from portproof.exporter.report.facts import Facts, FunctionFacts
from portproof.exporter.report.parts import Dimension, File, Finding, Signature, StageName, Tensor
from portproof.exporter.report.report import (
    CoreMLPackage,
    Data,
    Device,
    Elsewhere,
    Function,
    InputRange,
    Island,
    KeptOperator,
    NeuralEngine,
    OutputParity,
    Report,
    Source,
    Stage,
    TargetParity,
    TFLiteIntegers,
)
from portproof.exporter.sizes import sizes_of_samples

if TYPE_CHECKING:
    from portproof.device_profiles.schema import Profile
    from portproof.exporter import source as source_module
    from portproof.exporter.coreml.export import Package
    from portproof.exporter.proof import Proof
    from portproof.exporter.tflite.conversion import Converted
    from portproof.runtimes.spec import TensorSpec


def fill_report(facts: Facts, models: tuple[File, ...]) -> Report:
    """The document; `models` are the files of models and weights."""
    functions = [_function(key, function, facts.seed) for key, function in facts.functions.items()]
    only = functions[0] if len(functions) == 1 else None
    return Report(
        name=facts.name,
        passed=not any(proof.failed for proof in facts.proofs),
        source=only.source if only else None,
        devices=tuple(Device(id=profile.id, name=profile.name) for profile in facts.devices),
        data=only.data if only else None,
        stages=only.stages if only else (),
        functions=() if only else tuple(functions),
        tflite_transpose_bytes=None if facts.converted is None else facts.converted.transpose_bytes,
        tflite_integers=None if facts.converted is None else _integers(facts.converted),
        metrics=tuple(str(gate) for gate in facts.gates),
        parity=tuple(_parity(proof) for proof in facts.proofs),
        messages=findings(facts.messages),
        artifacts=models,
        coreml=tuple(
            _package(key, each.package, facts.devices) for key, each in facts.functions.items() if each.package
        ),
    )


def _integers(converted: "Converted") -> TFLiteIntegers | None:
    if not converted.integer_kernels and not converted.islands:
        return None
    islands = [
        Island(operator=island.op, tensor=island.tensor, where=where_text(island.where), why=island.why)
        for island in converted.islands
    ]
    return TFLiteIntegers(kernels=converted.integer_kernels, islands=tuple(islands))


def _package(key: str, package: "Package", devices: "Sequence[Profile]") -> CoreMLPackage:
    return CoreMLPackage(
        file=package.path.name,
        signature_key=key,
        deployment_target=package.target,
        precision="float16" if package.float16 else "float32",
        float32_operators=tuple(
            KeptOperator(
                operator=kept.operator, type=kept.type, source=kept.source, where=where_text(kept.where), why=kept.why
            )
            for kept in package.kept
        ),
        weights=str(package.packed.form) if package.packed else None,
        weight_bytes=(package.packed.before, package.packed.after) if package.packed else None,
        neural_engine=tuple(_neural_engine(package, device) for device in devices if "coreml" in device.targets),
    )


def _neural_engine(package: "Package", device: "Profile") -> NeuralEngine:
    from portproof.exporter.coreml.residency import advise

    advice = advise(package.path, device, origins=package.origins)
    return NeuralEngine(
        device=device.id,
        chip=advice.chip,
        caution=advice.caution,
        likely=advice.count("likely"),
        unlikely=advice.count("unlikely"),
        unsure=advice.count("unsure"),
        macs_share=advice.macs_share,
        parts=advice.parts,
        elsewhere=tuple(
            Elsewhere(
                operator=each.operator,
                type=each.type,
                verdict="unsure" if each.verdict == "unsure" else "unlikely",
                where=where_text(each.where),
                why=tuple(f"{reason.text} ({reason.confidence}: {reason.source})" for reason in each.reasons),
            )
            for each in advice.operators
            if each.verdict != "likely"
        ),
    )


def _function(key: str, facts: FunctionFacts, seed: int) -> Function:
    return Function(
        signature_key=key,
        source=Source(
            model=Path(facts.model).name,
            format=_format(facts),
            reference="onnxruntime" if facts.source.reference is None else "torch",
            signature=source_signature(facts.source),
            dims=dims(facts.source),
        ),
        data=_data(facts, seed),
        stages=_stages(facts),
    )


def _format(facts: FunctionFacts) -> Literal["torch", "pt2", "onnx"]:
    if facts.source.reference is None:
        return "onnx"
    return "pt2" if facts.model.endswith(".pt2") else "torch"


def _data(facts: FunctionFacts, seed: int) -> Data:
    random = facts.data.kind == "random"
    return Data(
        kind="random" if random else "given",
        samples=facts.data.count,
        seed=seed if random else None,
        sizes=tuple(sizes_of_samples(facts.source.model, facts.recorded.shapes)),
        inputs=tuple(
            InputRange(name=row.spec.name, minimum=row.low, maximum=row.high, mean=row.mean) for row in facts.data.stats
        ),
    )


def _stages(facts: FunctionFacts) -> tuple[Stage, ...]:
    counts: dict[StageName, Mapping[str, int]] = {"onnx": facts.simplified.before, "simplified": facts.simplified.after}
    if facts.operators is not None:
        counts["tflite"] = facts.operators
    if facts.package is not None:
        counts["coreml"] = facts.package.op_counts
    if facts.asset is not None:
        counts["coreai"] = facts.asset
    return tuple(Stage(name=name, total=sum(found.values()), operators=dict(found)) for name, found in counts.items())


def _parity(proof: "Proof") -> TargetParity:
    return TargetParity(
        target=proof.target,
        file=proof.file,
        signature_key=proof.signature_key,
        runtime=proof.runtime,
        passed=not proof.failed,
        outputs=tuple(OutputParity.model_validate(output.as_dict()) for output in proof.parity.outputs),
        failed_gates=findings(proof.failed),
    )


def findings(messages: Iterable[Message]) -> tuple[Finding, ...]:
    """Messages for a document: without the folder of this machine in their places, and without details."""
    return tuple(
        Finding(
            code=message.code,
            what=message.what,
            where=where_text(message.where),
            why=where_text(message.why),
            hint=message.hint,
        )
        for message in messages
    )


def where_text(text: str) -> str:
    """A place, without the folder of this machine."""
    return text.replace(os.getcwd() + os.sep, "")


def source_signature(source: "source_module.Source") -> Signature:
    """The source's inputs and outputs as the documents have them."""
    return signature(inputs_of(source.model, source.dims), outputs_of(source.model))


def dims(source: "source_module.Source") -> tuple[Dimension, ...]:
    """The dimensions of its inputs that stay dynamic."""
    return tuple(Dimension(name=dim.name, low=dim.low, high=dim.high, step=dim.step) for dim in source.dims)


def signature(inputs: Iterable["TensorSpec"], outputs: Iterable["TensorSpec"]) -> Signature:
    """The specifications of a runner as the documents have them."""
    return Signature(inputs=tuple(_tensor(spec) for spec in inputs), outputs=tuple(_tensor(spec) for spec in outputs))


def _tensor(spec: "TensorSpec") -> Tensor:
    names = tuple(None if dim is None else dim.name for dim in spec.dims) or None
    return Tensor(
        name=spec.name,
        shape=spec.shape,
        dtype=spec.dtype,
        perm=spec.perm,
        own_name=spec.own_name or None,
        source_dtype=spec.source_dtype or None,
        scale=spec.quantization[0] if spec.quantization else None,
        zero_point=spec.quantization[1] if spec.quantization else None,
        dims=names,
    )
