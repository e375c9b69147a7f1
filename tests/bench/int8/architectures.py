"""The fourteen architectures: seeded weights, noise as data, exported once by their own script."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tests.bench.int8 import case, places
from tests.bench.int8.case import Arrays, Case
from tests.bench.latency import networks

from portproof.exporter.tflite import convert

_CLASSIFIERS = ("mobilenet", "efficientnet", "resnet", "shufflenet", "squeezenet", "deit", "mobilevit")


def names() -> list[str]:
    """Of all, as `prepare` takes them."""
    return [f"arch/{path.name.removesuffix('.op18.onnx')}" for path in networks()]


def prepare(name: str) -> Case:
    """Makes the case of one."""
    plain = name.removeprefix("arch/")
    (source,) = networks(plain)
    folder = places.WORK / "arch" / plain
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / "model.onnx")
    convert(folder / "model.onnx", folder / "float.tflite")
    kind = "classes" if plain.startswith(_CLASSIFIERS) else "values"
    made = Case(name=name, folder=str(folder), kind=kind, torch=f"models.py:{plain}")
    arrays = source.with_name(f"{plain}.npz")
    return case.save(made, list(_samples(source, arrays, "c")), list(_samples(source, arrays, "h")))


def _samples(source: Path, arrays: Path, prefix: str) -> Iterator[Arrays]:
    """``c0x1``: input 1 of calibration sample 0; ``h``: held out."""
    import onnx

    inputs = [value.name for value in onnx.load(source, load_external_data=False).graph.input]
    with np.load(arrays) as stored:
        count = len({name.split("x")[0] for name in stored.files if name.startswith(prefix) and "x" in name})
        for index in range(count):
            yield {name: stored[f"{prefix}{index}x{place}"] for place, name in enumerate(inputs)}
