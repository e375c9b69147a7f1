"""The networks of the latency survey as ONNX files, which `portproof.device_profiles.cost.survey` reads.

    python -m tests.bench.survey_networks FOLDER [NAME ...]

Needs torchvision 0.29.2 and timm 1.0.31 beside torch 2.13.0 (``pip install --no-deps torchvision timm``, and what timm
imports: pillow, pyyaml, huggingface_hub, safetensors). Weights are random: what a network costs does not depend on
them. NAME is an ``architecture|shape`` of the shipped file; none: all that FOLDER does not hold yet, ten minutes, 8 GB.
"""

import argparse
import sys
import warnings
from typing import Any
from urllib.parse import parse_qsl

from tests.bench import ncnn_networks, qai_networks

from portproof.device_profiles.cost import shipped
from portproof.device_profiles.cost.survey import network_file

#: MobileNetV1: channels and stride of each depthwise-separable block.
_V1_BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *(((512, 1),) * 5), (1024, 2), (1024, 1))


def main() -> None:
    """Writes the files; one that fails is named, and the exit status is 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args()
    failed = 0
    for name in given.names or shipped.load().networks:
        path = network_file(given.folder, name)
        if path.is_file() and not given.names:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            export(name, str(path))
            print(name, flush=True)
        except Exception as error:  # any of a hundred networks may not trace in other versions
            failed += 1
            print(f"{name}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr, flush=True)
    sys.exit(bool(failed))


def export(name: str, path: str) -> None:
    """Writes one by tracing: what vendors' converters are given, with attention and normalization in their parts."""
    import torch

    architecture, _, shape = name.partition("|")
    image = torch.zeros([int(size) for size in shape.split("x")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter is deprecated; the other one writes fewer operators
        torch.onnx.export(module(architecture).eval(), (image,), path, dynamo=False, opset_version=18)


def module(architecture: str) -> Any:
    """The torch module of ``tv.NAME?ARGUMENT=VALUE``, ``timm.NAME`` or ``mbv1.WIDTH``, ``#ncnn`` or ``#qai`` behind."""
    original, _, variant = architecture.partition("#")
    source, _, name = original.partition(".")
    if source == "mbv1":
        return mobilenet_v1(float(name))
    if variant == "ncnn":
        return ncnn_networks.module(name, _of_torchvision)
    if variant == "qai":
        return qai_networks.module(original, module)
    return {"tv": _of_torchvision, "timm": _of_timm}[source](name)


def _of_torchvision(text: str) -> Any:
    models = _torchvision_models()
    name, _, query = text.partition("?")
    arguments: dict[str, Any] = {key: float(value) for key, value in parse_qsl(query)}
    if name in {"googlenet", "inception_v3"}:
        arguments["init_weights"] = False
    return getattr(models, name)(weights=None, **arguments)


def _torchvision_models() -> Any:
    import torch.library

    # Its compiled operators do not load beside a CPU build of torch; no network of the survey has one.
    register = torch.library.register_fake
    torch.library.register_fake = lambda name, *rest, **more: (  # type: ignore[assignment]
        (lambda made: made) if str(name).startswith("torchvision::") else register(name, *rest, **more)
    )
    try:
        from torchvision import models
    finally:
        torch.library.register_fake = register
    return models


def _of_timm(name: str) -> Any:
    """As deployed: branches merged, attention written out."""
    _torchvision_models()  # timm imports it too
    import timm
    from timm.utils.model import reparameterize_model

    timm.layers.set_fused_attn(False)
    return reparameterize_model(timm.create_model(name, pretrained=False).eval())


def mobilenet_v1(width: float) -> Any:
    """MobileNetV1 for 1,000 classes (arXiv:1704.04861, table 1), its channels times `width`."""
    from torch import nn

    def block(inputs: int, outputs: int, window: int, stride: int, groups: int = 1) -> list[Any]:
        convolution = nn.Conv2d(inputs, outputs, window, stride, window // 2, groups=groups, bias=False)
        return [convolution, nn.BatchNorm2d(outputs), nn.ReLU6()]

    channels = int(32 * width)
    parts = block(3, channels, 3, 2)
    for outputs, stride in _V1_BLOCKS:
        wide = int(outputs * width)
        parts += block(channels, channels, 3, stride, groups=channels) + block(channels, wide, 1, 1)
        channels = wide
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


if __name__ == "__main__":
    main()
