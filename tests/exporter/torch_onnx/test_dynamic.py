"""Dynamic sizes of torch modules: traced as symbols, proven at other sizes, refused by name."""

import numpy as np
import pytest
import torch

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.inputs import parse
from portproof.exporter.onnx_run import OnnxFunction
from portproof.exporter.torch_onnx.dynamic import trace_sizes
from portproof.exporter.torch_onnx.example import bind
from portproof.exporter.torch_onnx.export import TorchExport, export_module


class Attend(torch.nn.Module):
    """Two inputs that share both of their dimensions."""

    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(20, 8)

    def forward(self, ids, mask, scale: float = 2.0):
        x = self.words(ids) * mask[:, :, None]
        scores = (x @ x.transpose(1, 2)).softmax(-1)
        return (scores @ x).reshape(ids.shape[0], -1, 4) * scale


class Frozen(torch.nn.Module):
    def forward(self, x):
        return x.view(6, -1)


class Pyramid(torch.nn.Module):
    def forward(self, x):
        small = torch.nn.functional.max_pool2d(x, 2)
        return torch.nn.functional.interpolate(small, size=x.shape[2:]) + x


def exported(module: torch.nn.Module, given: object, *declared: str) -> TorchExport:
    return export_module(module, bind(module, given), declared=[parse(text) for text in declared])


def test_both_inputs_have_the_same_symbols():
    torch.manual_seed(0)
    given = (torch.randint(0, 20, (3, 5)), torch.ones(3, 5))
    made = exported(Attend(), given, "ids=N:1..8xT:1..16", "mask=NxT")
    assert [str(value.shape) for value in made.model.graph.inputs] == ["[N,T]", "[N,T]"]
    assert [str(dim) for dim in made.dims] == ["N:1..8", "T:1..16"]
    with OnnxFunction(made.model) as function:
        for n, t in ((1, 1), (8, 16), (4, 4)):
            fed = {"ids": np.arange(n * t).reshape(n, t) % 20, "mask": np.ones((n, t), np.float32)}
            (name,) = made.reference.output_names
            np.testing.assert_allclose(function.run(fed)[name], made.reference(fed)[name], atol=1e-5)


def test_conditions_that_torch_finds_are_taken_as_they_are():
    made = exported(Pyramid(), (torch.randn(2, 3, 12, 10),), "x=2x3xHxW")
    assert str(made.model.graph.inputs[0].shape) == "[2,3,H,W]"


def test_a_size_that_the_module_makes_a_constant_is_named():
    with pytest.raises(PortproofError) as caught:
        exported(Frozen(), (torch.randn(6, 3, 4),), "x=Nx3xT")
    (message,) = caught.value.messages
    assert message.code == "E-SHAPE-DYNAMIC"
    assert message.what == "torch does not keep N dynamic"
    assert "constant (6)" in message.why
    assert "If you're" not in message.why


def test_without_names_nothing_is_dynamic():
    made = exported(Frozen(), (torch.randn(6, 3, 4),))
    assert str(made.model.graph.inputs[0].shape) == "[6,3,4]"
    assert made.dims == ()


def test_an_archive_keeps_its_own_dynamic_sizes_under_names_that_are_declared():
    dims = {"x": {0: torch.export.Dim("batch", min=2, max=9)}}
    program = torch.export.export(Pyramid(), (torch.randn(3, 3, 12, 10),), dynamic_shapes=dims)
    example = bind(Pyramid(), (torch.randn(3, 3, 12, 10),))
    made = export_module(program, example, declared=[parse("x=N:2..9x3x12x10")])
    assert str(made.model.graph.inputs[0].shape) == "[N,3,12,10]"
    with pytest.raises(PortproofError) as caught:
        export_module(program, example)
    assert caught.value.code == "E-MODEL-SHAPE"
    assert "or keep sizes dynamic" in caught.value.messages[0].hint


@pytest.mark.parametrize(
    ("declared", "shapes", "sizes"),
    [
        (["x=Nx3xHxW"], {"x": (4, 3, 64, 48)}, {"N": 4, "H": 64, "W": 48}),
        (["x=Nx3xH:32..256:32x64"], {"x": (4, 3, 64, 64)}, {"N": 4, "H": 64}),
        (["x=NxHxW:32..256:32"], {"x": (4, 224, 224)}, {"N": 4, "H": 224, "W": 256}),
        (["x=N:1..8x4"], {}, {"N": 6}),
        (["x=N:1..8x4"], {"x": (1, 4)}, {"N": 6}),  # torch takes 1 for fixed
        (["x=N:1..2x4"], {"x": (1, 4)}, {"N": 2}),
    ],
)
def test_sizes_to_trace_with(declared, shapes, sizes):
    assert trace_sizes([parse(text) for text in declared], shapes) == sizes


def test_two_dimensions_are_never_traced_with_one_size():
    """torch takes equal sizes for one dimension."""
    found = trace_sizes([parse("x=NxHxWxT")], {"x": (8, 8, 8, 8)})
    assert len(set(found.values())) == 4
    assert min(found.values()) > 1
