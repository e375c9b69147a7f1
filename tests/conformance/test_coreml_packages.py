"""What coremltools writes is read, and every value in it is the one that coremltools itself reads back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portproof.runtimes.coreml.parse import read
from portproof.runtimes.coreml.program import Block, Literal, Package

pytestmark = [pytest.mark.conformance, pytest.mark.filterwarnings("ignore")]

pytest.importorskip("coremltools")

from tests.conformance import coreml_packages  # noqa: E402 - it imports coremltools


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
