"""What coremltools writes is read, and every value in it is the one that coremltools itself reads back."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from portproof.runtimes.coreml import load
from portproof.runtimes.coreml.parse import read
from portproof.runtimes.coreml.program import Block, Literal, Package

pytestmark = [pytest.mark.conformance, pytest.mark.filterwarnings("ignore")]

pytest.importorskip("coremltools")

from tests.conformance import coreml_packages  # noqa: E402 - it imports coremltools

SHIPPED = {
    "Identity": "StatefulPartitionedCall:0",
    "Identity_1": "StatefulPartitionedCall:1",
    "Identity_2": "StatefulPartitionedCall:2",
}
"""Outputs of basic_pitch's package, and of its ONNX file."""


@pytest.mark.parametrize("group", coreml_packages.GROUPS, ids=lambda group: group.__name__)
def test_packages(tmp_path: Path, group: Callable[[], Any]) -> None:
    compared = 0
    for name, model in group():
        path = tmp_path / f"{name}.mlpackage"
        model.save(str(path))
        compared += _compare(path, read(path))
    print(f"{group.__name__}: {compared} values")
    assert compared > 5


def test_several_functions(tmp_path: Path) -> None:
    path = coreml_packages.several_functions(tmp_path)
    package = read(path)
    assert list(package.functions) == list(package.interfaces) == ["one", "two"]
    assert package.default_function == "two"
    assert _compare(path, package) > 10


def test_a_shipped_package() -> None:
    pitch = pytest.importorskip("basic_pitch")
    path = Path(pitch.__file__).parent / "saved_models" / "icassp_2022" / "nmp.mlpackage"
    if not path.is_dir():
        pytest.skip("it comes without its Core ML package")
    package = read(path)
    assert [feature.name for feature in package.interfaces["main"].outputs] == ["Identity", "Identity_1", "Identity_2"]
    assert _compare(path, package) > 500


def test_the_shipped_package_against_its_onnx(trained_models: Path) -> None:
    """The same audio model converted by others, on real speech.

    In float64 it gives other numbers than either in float32, by 1.2e-4: so far may two right runtimes be apart. What
    ONNX Runtime differs by from itself, without its optimisations, stands for that.
    """
    given = importlib.import_module("loaders").basic_pitch()
    model = load(given["mlpackage"])
    plain = onnxruntime.SessionOptions()
    plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    sessions = [
        onnxruntime.InferenceSession(given["onnx"], how, providers=["CPUExecutionProvider"]) for how in (None, plain)
    ]
    expected = [output.name for output in sessions[0].get_outputs()]
    (name,) = (feature.name for feature in model.interface.inputs)
    worst, noise = dict.fromkeys(SHIPPED, 0.0), dict.fromkeys(SHIPPED, 0.0)
    for sample in given["inputs"]:
        want, other = (dict(zip(expected, session.run(None, sample), strict=True)) for session in sessions)
        got = model.predict({name: next(iter(sample.values()))})
        for ours, theirs in SHIPPED.items():
            worst[ours] = max(worst[ours], float(np.abs(got[ours] - want[theirs]).max()))
            noise[ours] = max(noise[ours], float(np.abs(other[theirs] - want[theirs]).max()))
    print(f"\nours to ONNX Runtime {worst}; ONNX Runtime to itself {noise}")
    assert all(worst[ours] <= max(2e-5, noise[ours] / 2) for ours in SHIPPED)


def _compare(path: Path, package: Package) -> int:
    """The number of values compared."""
    from coremltools.converters.mil.frontend.milproto.load import TranscriptionContext
    from coremltools.proto import Model_pb2

    file = path / "Data" / "com.apple.CoreML" / "model.mlmodel"
    model = Model_pb2.Model()
    model.ParseFromString(file.read_bytes())
    context = TranscriptionContext(str(file.parent / "weights"))
    functions = model.mlProgram.functions
    assert sorted(functions) == list(package.functions)
    return sum(
        _blocks(theirs.block_specializations[theirs.opset], package.functions[name].block, context)
        for name, theirs in functions.items()
    )


def _blocks(theirs: Any, ours: Block, context: Any) -> int:
    assert list(theirs.outputs) == list(ours.outputs)
    count = 0
    for their, our in zip(theirs.operations, ours.operations, strict=True):
        assert (their.type, [o.name for o in their.outputs]) == (our.type, [o.name for o in our.outputs])
        assert (set(their.inputs), set(their.attributes)) == (set(our.inputs), set(our.attributes))
        count += sum(_values(value, our.attributes[name], context) for name, value in their.attributes.items())
        for name, argument in their.inputs.items():
            for binding, ours_bound in zip(argument.arguments, our.inputs[name], strict=True):
                if binding.WhichOneof("binding") == "name":
                    assert binding.name == ours_bound
                else:
                    count += _values(binding.value, ours_bound, context)
        count += sum(_blocks(a, b, context) for a, b in zip(their.blocks, our.blocks, strict=True))
    return count


def _values(message: Any, literal: Any, context: Any) -> int:
    from coremltools.converters.mil.frontend.milproto.load import _load_value

    assert isinstance(literal, Literal)
    if message.type.WhichOneof("type") == "listType":
        # coremltools has no reader of its own for the labels of a classifier.
        shown = [item if isinstance(item, str) else int(item.value) for item in literal.value]
        assert shown in (list("abcde"), [1, 2, 3, 4, 5])
        return 1
    theirs = _load_value(context, message)
    if isinstance(literal.value, np.ndarray):
        array = np.asarray(theirs)
        assert array.shape == literal.value.shape
        assert array.astype(literal.value.dtype).tobytes() == literal.value.tobytes()
    else:
        assert np.asarray(theirs).tolist() == literal.value
    return 1
