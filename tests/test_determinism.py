import os
import subprocess
import sys
from pathlib import Path

from tests.small import tree

NET = """
import random

import numpy as np
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(3, 8, 1)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x, scale):
        left, right = self.norm(self.a(x)).relu(), self.b(x).sigmoid()
        return {"map": torch.cat([left, right * scale], 1), "pooled": left.mean((2, 3)), "max": right.amax((2, 3))}

def build():  # weights and examples are drawn anew in every run
    return Net().eval(), (torch.randn(1, 3, 8, 6), torch.rand(1) + random.random() + float(np.random.rand()))
"""


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """The order of sets and of addresses differs between them, and so do folders, clock and states of chance."""
    trees = []
    for seed in ("1", "77"):
        folder = tmp_path / f"place-{seed}"
        folder.mkdir()
        (folder / "net.py").write_text(NET)
        (folder / "labels.txt").write_text("".join(f"class {number}\n" for number in range(8)))
        words = ["export", "net.py:build", "-o", "out", "--image", "x?mean=0.5", "--labels", "pooled=labels.txt"]
        code = f"import sys; from portproof.cli.main import run; sys.exit(run({words!r}))"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        child = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert child.returncode == 0, child.stderr
        trees.append(tree(folder / "out"))
    assert sorted(trees[0]) == sorted(trees[1])
    assert "net.tflite" in trees[0]
    assert [path for path, content in trees[0].items() if trees[1][path] != content] == []
