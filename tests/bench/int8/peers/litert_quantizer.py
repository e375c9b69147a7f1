"""litert-torch and ai-edge-quantizer: RECIPE FOLDER/FILE.py:NAME CALIBRATION OUT.tflite (the ONNX file is not used)."""

import importlib
import os
import sys
import tempfile
from pathlib import Path

import job
import litert_torch
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe

wanted, source, calibration, out = sys.argv[1:5]
folder, _, name = source.rpartition(":")
sys.path.insert(0, str(Path(folder).parent))
sys.path.append(os.environ["PORTPROOF_BENCH_PACKAGES"])  # weights come in packages; its own libraries come first
module = importlib.import_module(Path(folder).stem)


def network() -> torch.nn.Module:
    if hasattr(module, "build"):
        return module.build(name)[0]
    return getattr(module, name)()["model"]


def work(float_file: str) -> None:
    made = quantizer.Quantizer(float_file)
    made.load_quantization_recipe(getattr(recipe, wanted)())
    result = None
    if made.need_calibration:
        interpreter = Interpreter(float_file)
        signature = next(iter(interpreter.get_signature_list()))
        details = interpreter.get_signature_runner(signature).get_input_details()
        types = {name: found["dtype"] for name, found in details.items()}
        result = made.calibrate({signature: [_named(row, types) for row in rows]})
    made.quantize(result).export_model(out, overwrite=True)


def _named(row: dict[str, np.ndarray], types: dict[str, type]) -> dict[str, np.ndarray]:
    return {f"args_{place}": array.astype(types[f"args_{place}"]) for place, array in enumerate(row.values())}


rows = list(job.samples(calibration))
example = tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in rows[0].values())
with tempfile.TemporaryDirectory() as temporary:
    path = str(Path(temporary) / "float.tflite")
    litert_torch.convert(network().eval(), example).export(path)
    job.timed(lambda: work(path))
