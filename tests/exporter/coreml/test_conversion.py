"""What a conversion leaves of the process that it runs in."""

import gc
from pathlib import Path

import numpy as np
from tests.exporter.tflite.harness import node_model

from portproof.exporter.coreml.conversion import write_model

MODEL = node_model("Softmax", {"x": np.zeros((2, 3), np.float32)})


def test_collecting_garbage_is_as_before(tmp_path: Path) -> None:
    assert gc.get_freeze_count() == 0
    write_model(MODEL, tmp_path / "a.mlpackage")
    assert gc.get_freeze_count() == 0
    gc.freeze()
    try:
        write_model(MODEL, tmp_path / "b.mlpackage")
        assert gc.get_freeze_count() > 0, "what others froze is not ours to thaw"
    finally:
        gc.unfreeze()
