"""Trained networks on real data; each is calibrated on data of its kind that is not among what it is judged on."""

import importlib
import inspect
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tests.bench.int8 import case, places
from tests.bench.int8.calibration_data import CALIBRATION, stream_of
from tests.bench.int8.case import Arrays, Case
from tests.bench.int8.task_data import TASK

from portproof.exporter import export

KINDS = {
    "mobilenet_v2": "classes",
    "fashion_cnn": "classes",
    "minilm": "vectors",
    "english_g2": "text",
    "crepe_tiny": "pitch",
    "silero_vad": "speech",
    "ppocr_rec": "text",
    "ppocr_cls": "classes",
}
_STATES = {"silero_vad": (("h", 1), ("c", 2))}
_FACTORY = """
import sys
sys.path.insert(0, {folder!r})
import loaders
def factory():
    loaded = loaders.{name}()
    return loaded["model"], loaded["inputs"][0]
"""


def names() -> list[str]:
    """Of all, as `prepare` takes them."""
    return [f"trained/{name}" for name in KINDS]


def tasks() -> list[str]:
    """Of those whose task may choose a mix."""
    return [f"trained/{name}" for name in TASK]


def prepare(name: str) -> Case:
    """Makes the case of one."""
    plain = name.removeprefix("trained/")
    folder = places.WORK / "trained" / plain
    folder.mkdir(parents=True, exist_ok=True)
    source = places.models()
    assert source is not None
    sys.path.insert(0, str(source))
    loaders = importlib.import_module("loaders")
    loaded = getattr(loaders, plain)()
    _export(plain, loaded, folder, source)
    keys = _input_names(loaded)
    labels = loaded.get("labels", ()) if plain in ("mobilenet_v2", "fashion_cnn", "ppocr_cls") else ()
    made = Case(
        name=name,
        folder=str(folder),
        kind=KINDS[plain],
        labels=tuple(tuple(sorted(map(int, row if isinstance(row, set) else [row]))) for row in labels),
        states=_STATES.get(plain, ()),
        torch="" if "onnx" in loaded else f"loaders.py:{plain}",
    )
    given = CALIBRATION[plain](loaders, loaded)
    judged = stream_of(loaded) if made.states else loaded["inputs"]
    task = TASK[plain](loaders) if plain in TASK else []
    return case.save(made, *([_named(row, keys) for row in rows] for rows in (given, judged, task)))


def _export(name: str, loaded: Mapping[str, Any], folder: Path, source: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        if "onnx" in loaded:
            model = str(loaded["onnx"])
            sizes = [f"{key}={'x'.join(map(str, a.shape))}:{a.dtype}" for key, a in loaded["inputs"][0].items()]
        else:
            script = work / f"{name}_factory.py"
            script.write_text(_FACTORY.format(folder=str(source), name=name))
            model, sizes = f"{script}:factory", []
        np.savez(work / "one.npz", **_named(loaded["inputs"][0], _input_names(loaded)))
        data = f"{work / 'one.npz'}?allow=constant"
        result = export(model, out_dir=work / "out", targets=["tflite", "onnx"], inputs=sizes, data=data)
        assert result.exit_status == 0, [message.what for message in result.failed]
        for suffix, wanted in ((".onnx", "model.onnx"), (".tflite", "float.tflite")):
            (path,) = (work / "out").glob(f"*{suffix}")
            (folder / wanted).write_bytes(path.read_bytes())


def _input_names(loaded: Mapping[str, Any]) -> list[str]:
    if "onnx" in loaded:
        return list(loaded["inputs"][0])
    parameters = list(inspect.signature(loaded["model"].forward).parameters)
    return parameters[: len(loaded["inputs"][0])]  # what has a default is no input


def _named(sample: Any, keys: Sequence[str]) -> Arrays:
    if isinstance(sample, Mapping):
        return {name: np.asarray(array) for name, array in sample.items()}
    return {name: np.asarray(array) for name, array in zip(keys, sample, strict=True)}
