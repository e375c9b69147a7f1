"""What an export found out, as `manifest.json` has it."""

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from portproof.exporter.images import ImageInput as DeclaredImage
from portproof.exporter.labels import OutputLabels
from portproof.exporter.report.facts import Facts
from portproof.exporter.report.fill_report import dims, signature, source_signature
from portproof.exporter.report.manifest import (
    Function,
    ImageInput,
    Labels,
    Manifest,
    Preprocessing,
    Target,
    Threshold,
)
from portproof.exporter.report.parts import File

if TYPE_CHECKING:
    from portproof.exporter.proof import Proof

_TOOLS = ("numpy", "onnx", "onnx-ir", "onnxruntime", "ai-edge-litert", "onnxsim")
_TORCH_TOOLS = ("torch", "onnxscript")
_COREAI_TOOLS = ("coreai-core",)
_COREML_TOOLS = ("coremltools", "protobuf", "torch")  # torch is what the emulator computes with


def fill_manifest(facts: Facts, files: tuple[File, ...], golden: Mapping[str, Sequence[str]]) -> Manifest:
    """The document.

    Args:
        facts: of the export.
        files: every file but the manifest.
        golden: the files of golden vectors of each function.
    """
    sources = {key: source_signature(function.source) for key, function in facts.functions.items()}
    alone = len(sources) == 1
    return Manifest(
        name=facts.name,
        portproof=metadata.version("portproof"),
        tools=_tools(
            torch=any(function.source.reference is not None for function in facts.functions.values()),
            coreml=any(file.target == "coreml" for file in facts.files),
            coreai=any(file.target == "coreai" for file in facts.files),
        ),
        source=next(iter(sources.values())) if alone else None,
        dims=dims(next(iter(facts.functions.values())).source) if alone else (),
        functions=()
        if alone
        else tuple(
            Function(
                signature_key=key,
                source=source,
                dims=dims(facts.functions[key].source),
                golden=tuple(golden[key]),
            )
            for key, source in sources.items()
        ),
        targets=tuple(_target(proof, facts) for proof in facts.proofs),
        preprocessing=_preprocessing(facts),
        images=tuple(_image(image) for image in facts.declared.images),
        labels=tuple(_labels(labels) for labels in facts.declared.labels),
        score_thresholds=tuple(
            Threshold(signature_key=each.signature, output=each.output, value=each.value)
            for each in facts.declared.thresholds
        ),
        golden=tuple(path for paths in golden.values() for path in paths),
        files=files,
    )


def _target(proof: "Proof", facts: Facts) -> Target:
    file = facts.file(proof.file)
    return Target(
        target=proof.target,
        file=proof.file,
        signature_key=proof.signature_key,
        signature=signature(proof.inputs, proof.outputs),
        oldest_release=None if file.converted is None else file.converted.oldest_release,
        deployment_target=None if file.package is None else file.package.target,
    )


def _preprocessing(facts: Facts) -> Preprocessing | None:
    """What was declared with the data of the only function."""
    declared = [function.data.preprocessing for function in facts.functions.values()]
    only = declared[0] if len(declared) == 1 else None
    return None if only is None else Preprocessing.model_validate(only.as_dict())


def _image(image: DeclaredImage) -> ImageInput:
    how = image.preprocessing
    return ImageInput(
        signature_key=image.signature,
        input=how.input,
        size=how.size,
        channels=how.channels,
        layout=how.layout,
        mean=how.pixel_mean,
        std=how.pixel_std,
    )


def _labels(labels: OutputLabels) -> Labels:
    return Labels(
        signature_key=labels.signature,
        output=labels.output,
        axis=labels.axis,
        file=labels.labels.file,
        count=len(labels.labels.names),
    )


def _tools(*, torch: bool, coreml: bool, coreai: bool) -> dict[str, str]:
    optional = ((_TORCH_TOOLS, torch), (_COREML_TOOLS, coreml), (_COREAI_TOOLS, coreai))
    names = sorted({*_TOOLS, *(name for tools, used in optional if used for name in tools)})
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}
