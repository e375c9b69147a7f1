"""From a torch module to simplified ONNX: a small MobileNetV2, trained statistics and all."""

import numpy as np
import pytest

from portproof.exporter import provenance
from portproof.exporter.onnx_run import OnnxFunction
from portproof.exporter.random_inputs import like
from portproof.exporter.simplify import simplify

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from portproof.exporter.torch_onnx.example import bind  # noqa: E402
from portproof.exporter.torch_onnx.export import TorchExport, export_module  # noqa: E402


def conv(i: int, o: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(o), nn.ReLU6()]


class Inverted(nn.Module):
    def __init__(self, i: int, o: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*conv(i, 4 * i), *conv(4 * i, 4 * i, 3, stride, 4 * i), *conv(4 * i, o)[:2])
        self.residual = stride == 1 and i == o

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


class MobileNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*conv(3, 8, 3, 2), Inverted(8, 12, 2), Inverted(12, 12, 1), *conv(12, 32))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(32, 10))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


@pytest.fixture(scope="module")
def export() -> TorchExport:
    torch.manual_seed(0)
    module = MobileNet()
    with torch.no_grad():
        for _ in range(3):
            module(torch.randn(4, 3, 32, 32) * 2 + 1)  # settles the statistics of BatchNorm
    return export_module(module, bind(module, torch.randn(1, 3, 32, 32)))


def test_only_what_a_device_must_run_is_left(export):
    simplified, report = simplify(export.model, example=export.example)
    assert report.before["BatchNormalization"] == 8
    assert report.after == {"Add": 1, "Clip": 6, "Conv": 8, "Gemm": 1, "ReduceMean": 1}
    assert report.messages == ()
    weights = sum(v.const_value.size for v in simplified.graph.initializers.values())
    parameters = sum(p.numel() for p in export.reference.module.parameters())
    assert weights < parameters + 20


def test_every_node_names_the_module_that_made_it(export):
    simplified, _ = simplify(export.model)
    assert all(provenance.where(node).startswith("test_mobilenet.py:") for node in simplified.graph)
    convolutions = [provenance.where(node) for node in simplified.graph if node.op_type == "Conv"]
    assert convolutions[0].endswith("in forward (features.0)")
    assert convolutions[1].endswith("in forward (features.3.body.0)")


def test_it_computes_what_torch_computes(export):
    simplified, _ = simplify(export.model)
    with OnnxFunction(simplified) as function:
        for seed in range(3):
            sample = like(export.example, seed)
            expected, got = export.reference(sample), function.run(sample)
            assert np.abs(expected["output_0"] - got["output_0"]).max() < 1e-5
