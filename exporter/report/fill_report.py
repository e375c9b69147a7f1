"""What an export found out, as `report.json` has it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from portproof.device_profiles.errors import Message
from portproof.exporter.inspection.onnx_file import inputs_of, outputs_of
from portproof.exporter.report.facts import Facts, FunctionFacts
from portproof.exporter.report.fill_quantization import quantization
from portproof.exporter.report.parts import Dimension, File, Finding, Signature, StageName, TargetName, Tensor
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


_FORMATS: tuple[TargetName, ...] = ("tflite", "coreml", "coreai")


def fill_report(facts: Facts, models: tuple[File, ...]) -> Report:
    """The document; `models` are the files of models and weights."""
    functions = [_function(key, function, facts) for key, function in facts.functions.items()]
    plain, integers = (facts.of_target("tflite", quantized=quantized) for quantized in (False, True))
    only = functions[0] if len(functions) == 1 else None
    return Report(
        name=facts.name,
        passed=not any(proof.failed for proof in facts.proofs),
        source=only.source if only else None,
        devices=tuple(_device(profile, facts) for profile in facts.devices),
        data=only.data if only else None,
        stages=only.stages if only else (),
        functions=() if only else tuple(functions),
        tflite_transpose_bytes=next((file.converted.transpose_bytes for file in plain if file.converted), None),
        tflite_integers=next((_integers(file.converted) for file in (*integers, *plain) if file.converted), None),
        metrics=tuple(str(gate) for gate in facts.gates),
        parity=tuple(_parity(proof) for proof in facts.proofs),
        messages=findings(facts.messages),
        artifacts=models,
        coreml=tuple(_package(file.keys[0], file.package, facts.devices) for file in facts.files if file.package),
        quantization=tuple(
            quantization(key, function.quantized.report, function.quantized.agreement)
            for key, function in facts.functions.items()
            if function.quantized is not None
        ),
    )


def _device(profile: "Profile", facts: Facts) -> Device:
    return Device(id=profile.id, name=profile.name, overrides=tuple(facts.overrides))


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


def _function(key: str, function: FunctionFacts, facts: Facts) -> Function:
    return Function(
        signature_key=key,
        source=Source(
            model=Path(function.model).name,
            format=_format(function),
            reference="onnxruntime" if function.source.reference is None else "torch",
            signature=source_signature(function.source),
            dims=dims(function.source),
        ),
        data=_data(function, facts.seed),
        stages=_stages(key, function, facts),
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


def _stages(key: str, function: FunctionFacts, facts: Facts) -> tuple[Stage, ...]:
    counts: dict[str, Mapping[str, int]] = {"onnx": function.simplified.before, "simplified": function.simplified.after}
    counts |= _formats(key, facts, quantized=False)
    if function.quantized is not None:
        counts |= {"quantized": function.quantized.operators}
        counts |= {f"{target}_int8": found for target, found in _formats(key, facts, quantized=True).items()}
    return tuple(
        Stage(name=cast(StageName, name), total=sum(found.values()), operators=dict(found))
        for name, found in counts.items()
    )


def _formats(key: str, facts: Facts, *, quantized: bool) -> dict[str, Mapping[str, int]]:
    """The operators of one function in each format that has its own."""
    found = [file for target in _FORMATS for file in facts.of_target(target, quantized=quantized)]
    return {file.target: file.operators[key] for file in found if key in file.operators}


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
