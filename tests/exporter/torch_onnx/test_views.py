import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from portproof.exporter.torch_onnx.example import bind  # noqa: E402
from portproof.exporter.torch_onnx.export import export_module  # noqa: E402
from portproof.exporter.torch_onnx.views import copy_attention_results  # noqa: E402


class Biased(nn.Module):
    """Attention with a trained bias, as in Swin and T5: heads next to one another again by a reshape."""

    def __init__(self, *, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.bias = nn.Parameter(torch.randn(1, 2, 5, 5))
        self.out = nn.Linear(24, 24)

    def forward(self, x):
        q = self.out(x).reshape(2, 5, 2, 12).transpose(1, 2)
        mask = None if self.causal else self.bias
        y = functional.scaled_dot_product_attention(q, q + 1, q * 2, attn_mask=mask, is_causal=self.causal)
        return self.out(y.transpose(1, 2).contiguous().reshape(2, 5, -1).contiguous())


@pytest.mark.parametrize("causal", [False, True])
def test_the_result_of_attention_is_reshaped_whatever_its_strides(causal):
    module = Biased(causal=causal)
    inputs = (torch.randn(2, 5, 24),)
    ops = [node.op_type for node in export_module(module, bind(module, inputs)).model.graph]
    assert ops.count("Attention") == 1


def test_the_program_copies_and_reshapes():
    program = torch.export.export(Biased(causal=False), (torch.randn(2, 5, 24),))
    copy_attention_results(program)
    nodes = [node for node in program.graph.nodes if node.op == "call_function"]
    targets = [str(node.target) for node in nodes]
    behind = nodes[targets.index("aten.scaled_dot_product_attention.default")].users
    assert [str(node.target) for node in behind] == ["aten.clone.default"]
    assert "aten.view.default" not in targets
    assert program.module()(torch.zeros(2, 5, 24)).shape == (2, 5, 24)


def test_views_of_another_shape():
    class Views(nn.Module):
        def forward(self, x):
            return x.view(-1, 6).view(x.shape[0], 3, -1).transpose(1, 2)

    module = Views()
    assert export_module(module, bind(module, (torch.randn(2, 3, 4),))).model.graph.outputs[0].shape == (2, 4, 3)
