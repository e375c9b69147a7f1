from pathlib import Path

import numpy as np
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_io, provenance
from portproof.exporter.passes.graph import shape_of

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from portproof.exporter.torch_onnx.example import bind  # noqa: E402
from portproof.exporter.torch_onnx.export import OPSET, TorchExport, export_module  # noqa: E402


def exported(module: nn.Module, inputs: object, **options: object) -> TorchExport:
    return export_module(module, bind(module, inputs), **options)


def refusal(module: nn.Module, inputs: object) -> PortproofError:
    with pytest.raises(PortproofError) as caught:
        exported(module, inputs)
    return caught.value


def line_of(code: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, text in enumerate(lines, 1) if text.strip() == code)


class Whole(nn.Module):
    """Every operator that must stay one node."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv1d(8, 8, 3, padding=1), nn.BatchNorm1d(8)
        self.ln, self.gn, self.rms = nn.LayerNorm(16), nn.GroupNorm(4, 8), nn.RMSNorm(16)

    def forward(self, x):
        x = self.gn(self.bn(self.conv(x)))
        x = functional.gelu(self.rms(self.ln(x)))
        q = x.reshape(1, 8, 4, 4).transpose(1, 2)
        return functional.scaled_dot_product_attention(q, q + 1, q + 2)


@pytest.fixture(scope="module")
def whole() -> TorchExport:
    return exported(Whole(), torch.randn(1, 8, 16))


def test_normalisations_attention_and_gelu_stay_whole(whole):
    ops = [node.op_type for node in whole.model.graph]
    assert ops[:6] == [
        "Conv", "BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "Gelu",
    ]  # fmt: skip
    assert ops[-1] == "Attention"
    assert whole.model.graph.opset_imports == {"": OPSET}


def test_every_node_names_its_line_and_module(whole):
    first = whole.model.graph[0]
    assert provenance.where(first).startswith("test_export.py:")
    assert provenance.where(first).endswith("in forward (conv)")
    assert all(provenance.known(node) for node in whole.model.graph.all_nodes())


def test_no_path_of_the_machine_is_left(whole):
    data = onnx_io.to_bytes(whole.model)
    assert b"site-packages" not in data
    assert str(torch.__file__).rpartition("/")[0].encode() not in data
    assert __file__.rpartition("/")[0].encode() not in data


def test_every_shape_is_known(whole):
    assert all(shape_of(value) is not None for node in whole.model.graph for value in node.outputs)


def test_the_reference_is_the_module_on_arrays(whole):
    x = np.ones((1, 8, 16), np.float32)
    (got,) = whole.reference({"x": x}).values()
    with torch.no_grad():
        assert np.allclose(got, whole.reference.module(torch.from_numpy(x)).numpy(), atol=1e-6)


def test_nothing_reaches_the_terminal(capfd):
    class Loud(nn.Module):
        def forward(self, x):
            print("hello from forward")  # noqa: T201
            return x + 1

    made = exported(Loud(), torch.zeros(3))
    assert capfd.readouterr() == ("", "")
    assert "hello from forward" in made.log


class Cell(nn.Module):
    def forward(self, x, h, c):
        return {"y": x + 2 * h, "state": {"h": h * c, "c": c - x}}


def test_one_tensor_for_two_inputs_is_separated():
    zero = torch.zeros(1, 4)
    made = exported(Cell(), (torch.ones(1, 4), zero, zero))
    assert [message.code for message in made.messages] == ["W-SHARED-INPUT"]
    sample = {name: np.random.default_rng(k).normal(size=(1, 4)).astype("f4") for k, name in enumerate("xhc")}
    assert np.allclose(made.reference(sample)["state.h"], sample["h"] * sample["c"])
    assert [v.name for v in made.model.graph.inputs] == ["x", "h", "c"]


def test_views_of_one_storage_are_separated_too():
    both = torch.zeros(2, 4)
    made = exported(Cell(), (torch.ones(4), both[0], both[1]))
    assert made.messages[0].code == "W-SHARED-INPUT"


def test_distinct_tensors_bring_no_warning():
    assert exported(Cell(), tuple(torch.zeros(1, 4) for _ in range(3))).messages == ()


def test_outputs_take_the_keys_of_a_dict():
    made = exported(Cell(), {"c": torch.zeros(2), "x": torch.zeros(2), "h": torch.zeros(2)})
    assert [v.name for v in made.model.graph.outputs] == ["y", "state.h", "state.c"]
    assert [v.name for v in made.model.graph.inputs] == ["x", "h", "c"]


def test_names_that_clash_make_way():
    class Clash(nn.Module):
        def forward(self, x):
            mul = x * 2
            return {"x": mul + 1, "mul": torch.relu(mul)}

    made = exported(Clash(), torch.ones(3))
    assert [v.name for v in made.model.graph.outputs] == ["x_out", "mul"]


def test_an_input_that_is_not_used_stays_in_the_signature():
    class Half(nn.Module):
        def forward(self, x, unused, scale=2.0):  # noqa: ARG002
            return x * scale, x, x * scale

    made = exported(Half(), (torch.ones(3), torch.ones(5)))
    assert [v.name for v in made.model.graph.inputs] == ["x", "unused"]
    assert [v.name for v in made.model.graph.outputs] == ["output_0", "output_1", "output_2"]


def test_training_mode_is_left():
    class Dropping(nn.Module):
        def forward(self, x):
            return functional.dropout(x, 0.5, self.training)

    assert "Dropout" not in [node.op_type for node in exported(Dropping().train(), torch.ones(9)).model.graph]


def test_a_buffer_that_changes_between_calls_is_found():
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            return x * self.calls

    error = refusal(Counter(), torch.ones(3))
    assert error.code == "E-TRACE-DIFFERS"
    assert error.messages[0].details["output"] == "output_0"


def test_a_branch_on_values_names_the_line():
    class Branch(nn.Module):
        def forward(self, x):
            y = x + 1
            if y.sum() > 0:  # the line
                y = y * 2
            return y

    error = refusal(Branch(), torch.ones(3))
    line = line_of("if y.sum() > 0:  # the line")
    assert error.code == "E-TORCH-EXPORT"
    assert error.messages[0].where == f"test_export.py:{line} in forward"
    assert "torch.where" in error.messages[0].hint
    assert "Traceback" in error.log


def test_an_operator_that_onnx_lacks_names_the_line():
    class Svd(nn.Module):
        def forward(self, x):
            return torch.linalg.svd(x + 1)[0]  # the svd

    error = refusal(Svd(), torch.randn(3, 3))
    line = line_of("return torch.linalg.svd(x + 1)[0]  # the svd")
    assert error.messages[0].where == f"test_export.py:{line} in forward"
    assert "svd" in error.messages[0].why


def test_a_model_that_fails_on_its_own_example():
    class Broken(nn.Module):
        def forward(self, x):
            return x @ x

    error = refusal(Broken(), torch.ones(2, 3))
    assert error.code == "E-TORCH-EXPORT"
    assert "test_export.py" in error.messages[0].where


@pytest.mark.parametrize("result", [3, {"a": 1.5}, ()])
def test_results_that_are_no_tensors(result):
    class Odd(nn.Module):
        def forward(self, x):  # noqa: ARG002
            return result

    assert refusal(Odd(), torch.ones(2)).code == "E-TORCH-EXPORT"


@pytest.mark.parametrize("inputs", [(), (torch.ones(2), torch.ones(2)), {"z": torch.ones(2)}, (3,)])
def test_example_inputs_that_do_not_fit(inputs):
    assert refusal(nn.ReLU(), inputs).code == "E-MODEL-FACTORY"


def test_the_users_own_samples_are_used_for_the_proof():
    class Rare(nn.Module):
        """Differs from its trace on large values only."""

        def forward(self, x):
            if torch.compiler.is_compiling():
                return x
            return torch.where(x > 1000, x * 2, x)

    module = Rare()
    assert exported(module, torch.ones(4))
    with pytest.raises(PortproofError) as caught:
        exported(module, torch.ones(4), samples=[{"x": np.full(4, 5000, np.float32)}])
    assert caught.value.code == "E-TRACE-DIFFERS"


def test_bfloat16_is_refused_by_name():
    error = refusal(nn.Linear(4, 4).bfloat16(), torch.zeros(2, 4, dtype=torch.bfloat16))
    assert error.code == "E-TORCH-EXPORT"
    assert "bfloat16" in str(error)
    assert "float()" in error.messages[0].hint
