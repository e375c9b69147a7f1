"""The CPU seconds of each stage of a conversion: its functions are wrapped by clocks, in this process."""

import importlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# What is called, in the order of a conversion: the label, and where its caller finds it.
STAGES = (
    ("read and check the file", "portproof.exporter.onnx_io", "load"),
    ("run the source for the proof", "portproof.exporter.simplify.run", "_expected"),
    ("onnxsim", "portproof.exporter.simplify.run", "run_onnxsim"),
    ("passes on ONNX", "portproof.exporter.simplify.run", "run_passes"),
    ("prove the simplified model", "portproof.exporter.simplify.run", "prove"),
    ("recognise patterns", "portproof.exporter.tflite.conversion", "recognised"),
    ("lower to TFLite's operators", "portproof.exporter.tflite.conversion", "lower"),
    ("passes before layout", "portproof.exporter.tflite.conversion", "before_layout"),
    ("layout", "portproof.exporter.tflite.conversion", "assign_layouts"),
    ("passes after layout", "portproof.exporter.tflite.conversion", "after_layout"),
    ("make the flatbuffer", "portproof.exporter.tflite.conversion", "write_signatures"),
)
MODULES = (
    "numpy",
    "onnx",
    "onnxruntime",
    "portproof.exporter.onnx_io",
    "onnx_ir.passes.common",
    "portproof.exporter.simplify.run",
    "portproof.exporter.simplify.pipeline",
    "portproof.exporter.tflite.conversion",
)


def clock() -> float:
    """CPU seconds of this process and of its children that have ended."""
    used = os.times()
    return time.process_time() + used.children_user + used.children_system


def stages(path: Path, out: Path) -> Iterator[tuple[str, float]]:
    """Convert once, and tell each stage and its CPU seconds, imports first and what is left last."""
    for name in MODULES:
        importlib.import_module(name)
    importlib.import_module("portproof.exporter.tflite.registry").load_handlers()
    start = clock()
    yield "start Python, import", time.process_time()
    spent = dict.fromkeys((label for label, _, _ in STAGES), 0.0)
    for label, module, function in STAGES:
        found = importlib.import_module(module)
        setattr(found, function, _clocked(getattr(found, function), label, spent))
    importlib.import_module("portproof.exporter.tflite").convert(path, out)
    whole = clock() - start
    yield from spent.items()
    yield "the rest, writing the file included", whole - sum(spent.values())


def _clocked(function: Callable[..., Any], label: str, spent: dict[str, float]) -> Callable[..., Any]:
    def run(*args: Any, **options: Any) -> Any:
        start = clock()
        try:
            return function(*args, **options)
        finally:
            spent[label] += clock() - start

    return run
