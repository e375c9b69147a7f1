"""torch.cond, while_loop and scan from torch to the file that was written, proven on the way; slow to trace."""

from pathlib import Path

import pytest

from portproof.exporter import export
from portproof.exporter.inspection import inspect

# torch's tracer warns of its own doings.
pytestmark = [pytest.mark.conformance, pytest.mark.filterwarnings("ignore")]

MODULES = """
import torch
from torch import nn
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop


class Cond(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x):
        return torch.cond(x.mean() > 0, lambda x: torch.relu(self.a(x)), lambda x: torch.tanh(self.b(x)), (x,))


class Counted(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(8, 8)

    def forward(self, x):
        def body(i, x):
            return i + 1, torch.tanh(self.dense(x))

        return while_loop(lambda i, x: i < 5, body, (torch.tensor(0), x))[1]


class UntilLarge(nn.Module):
    def forward(self, x):
        return while_loop(lambda x: x.abs().sum() < 100, lambda x: (x * 1.5,), (x,))[0]


class Scanned(nn.Module):
    def forward(self, x):
        return scan(lambda carry, row: ((carry * 0.5 + row).clone(), torch.relu(carry + row)), torch.zeros(4), x)


def factory():
    torch.manual_seed(0)
    return NAME().eval(), (torch.randn(SHAPE),)
"""
CASES = {
    "Cond": ("1, 3, 8, 8", {"IF", "CONV_2D"}),
    "Counted": ("2, 8", {"FULLY_CONNECTED", "TANH"}),  # five times, no loop left
    "UntilLarge": ("2, 8", {"WHILE"}),
    "Scanned": ("30, 4", {"WHILE", "DYNAMIC_UPDATE_SLICE"}),
}


@pytest.mark.parametrize("name", CASES)
def test_control_flow_of_torch(name: str, tmp_path: Path) -> None:
    shape, expected = CASES[name]
    (tmp_path / "flow.py").write_text(MODULES.replace("NAME", name).replace("SHAPE", shape))
    result = export(f"{tmp_path}/flow.py:factory", out_dir=tmp_path / "out", targets=["tflite"])
    assert result.exit_status == 0, [message.what for message in result.failed]
    (file,) = (tmp_path / "out").glob("*.tflite")
    operators = set(inspect(file).operators)
    print(f"\n{name}: {', '.join(sorted(operators))}")
    assert expected <= operators
    assert ("WHILE" in operators) == ("WHILE" in expected)
