import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coreml_files as files
import numpy as np
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.parse import read
from portproof.runtimes.coreml.program import Literal, Package, TensorType

_TWO = files.tensor_type("float32", 2)
MODEL = Path("Data/com.apple.CoreML/model.mlmodel")


def refused(path: Path, code: str) -> str:
    with pytest.raises(PortproofError) as caught:
        read(path)
    message = caught.value.messages[0]
    assert (caught.value.code, len(caught.value.messages)) == (code, 1)
    assert str(path) in message.where
    return f"{message.where} | {message.why}"


def read_model(folder: Path, model: Any) -> Package:
    return read(files.save(folder / "m.mlpackage", model))


def test_reads_a_package(tmp_path: Path) -> None:
    weights = files.WeightFile()
    factor = np.arange(6, dtype=np.float32).reshape(2, 3)
    product = files.operation("mul", {"x": "x", "y": "factor"}, {"y": files.tensor_type("float32", 2, 3)})
    model = files.model_of(
        [files.const("factor", weights.value(factor)), product],
        [("x", "float32", (2, 3))],
        [("y", "float32", (2, 3))],
    )
    model.description.metadata.author = "me"
    model.description.metadata.userDefined["key"] = "pair"
    package = read(files.save(tmp_path / "m.mlpackage", model, weights))
    function = package.functions["main"]
    assert (package.specification_version, package.default_function, function.opset) == (8, "main", "CoreML7")
    assert package.metadata == {"author": "me", "key": "pair"}
    assert [operation.type for operation in function.block.operations] == ["const", "mul"]
    assert function.block.operations[1].inputs == {"x": ("x",), "y": ("factor",)}
    assert function.block.operations[1].name == "y"
    assert function.inputs[0].type == TensorType(dtype="float32", shape=(2, 3))
    held = function.block.operations[0].attributes["val"].value
    assert isinstance(held, np.ndarray)
    assert held.tolist() == factor.tolist()
    assert not held.flags.writeable
    assert not held.flags.owndata
    interface = package.interfaces["main"]
    assert (interface.inputs[0].name, interface.inputs[0].shape) == ("x", (2, 3))
    assert [feature.name for feature in interface.outputs] == ["y"]


def test_reads_a_bare_model_with_weights_beside_it(tmp_path: Path) -> None:
    weights = files.WeightFile()
    constant = files.const("y", weights.value(np.ones(2, np.float16)))
    folder = files.save(tmp_path / "m", files.model_of([constant], [], [("y", "float16", (2,))]), weights)
    assert read(folder / MODEL).functions["main"].block.outputs == ("y",)


def test_values_and_names_are_bound(tmp_path: Path) -> None:
    joined = files.operation("concat", {"values": ["x", files.value([1.0, 2.0], "float32")]}, {"y": _TWO})
    package = read_model(tmp_path, files.model_of([joined], [("x", "float32", (2,))], [("y", "float32", (2,))]))
    name, literal = package.functions["main"].block.operations[0].inputs["values"]
    assert name == "x"
    assert isinstance(literal, Literal)
    assert np.asarray(literal.value).tolist() == [1, 2]


def test_what_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = files.WeightFile()
    constant = files.const("y", weights.value(np.ones(2, np.float16)))
    folder = files.save(tmp_path / "m", files.model_of([constant], [], [("y", "float16", (2,))]), weights)
    opened, kept = Path.open, "model.mlmodel"

    def refuse(path: Path, *args: Any, **named: Any) -> Any:
        if path.name == kept:
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **named)

    monkeypatch.setattr(Path, "open", refuse)
    assert "Permission denied" in refused(folder, "E-FILE-MISSING")
    kept = "weight.bin"
    assert "weight.bin cannot be opened (Permission denied)" in refused(folder, "E-MODEL-EXTERNAL")


def test_several_functions(tmp_path: Path) -> None:
    model = files.small_model()
    body = model.mlProgram.functions["main"].block_specializations["CoreML7"]
    files.add_function(model, body, {"x": files.tensor_type("float32", 2)}, name="other")
    description = model.description
    for name in ("other", "main"):
        described = description.functions.add(name=name, input=description.input, output=description.output)
        described.predictedFeatureName = "y"
    del description.input[:], description.output[:]
    description.defaultFunctionName = "other"
    package = read_model(tmp_path, model)
    assert list(package.functions) == ["main", "other"]
    assert package.default_function == "other"
    assert package.interfaces["main"].predicted_feature == "y"


def _set(path: str, content: Any) -> Callable[[Any], None]:
    *parents, last = path.split(".")

    def change(model: Any) -> None:
        for name in parents:
            model = getattr(model, name)
        setattr(model, last, content)

    return change


def _function(model: Any) -> Any:
    return model.mlProgram.functions["main"]


def _body(model: Any) -> Any:
    return _function(model).block_specializations["CoreML7"]


def _opset(name: str) -> Callable[[Any], None]:
    return lambda model: setattr(_function(model), "opset", name)


def _no_program(model: Any) -> None:
    model.ClearField("mlProgram")


def _pipeline(model: Any) -> None:
    model.pipeline.SetInParent()


def _trained(model: Any) -> None:
    model.description.trainingInput.add(name="x")


def _function_attribute(model: Any) -> None:
    _function(model).attributes["magic"].CopyFrom(files.value(1))


def _block_attribute(model: Any) -> None:
    _body(model).attributes["magic"].CopyFrom(files.value(1))


def _block_inputs(model: Any) -> None:
    _body(model).inputs.add(name="z", type=files.tensor_type("float32", 2))


def _both(model: Any) -> None:
    model.description.functions.add(name="main")


def _twice(model: Any) -> None:
    del model.description.input[:], model.description.output[:]
    model.description.functions.add(name="main")
    model.description.functions.add(name="main")


def _default(model: Any) -> None:
    description = model.description
    description.functions.add(name="main", input=description.input, output=description.output)
    del description.input[:], description.output[:]
    description.defaultFunctionName = "f"


def _no_operator_type(model: Any) -> None:
    _body(model).operations[0].type = ""


def _no_binding(model: Any) -> None:
    _body(model).operations[0].inputs["x"].arguments.add()


def _unnamed(model: Any) -> None:
    _body(model).operations[0].outputs[0].name = ""


def _nested(model: Any) -> None:
    inner = files.block([], ["x"])
    for _ in range(31):
        branch = files.operation("cond", {"pred": "x"}, {"y": files.tensor_type("float32", 2)}, blocks=[inner, inner])
        del branch.blocks[1:]
        inner = files.block([branch], ["y"])
    _body(model).operations.append(branch)


@pytest.mark.parametrize(
    ("spoil", "code", "reason"),
    [
        (_set("specificationVersion", 5), "E-MODEL-UNSUPPORTED", "version is 5; known are 6"),
        (_set("specificationVersion", 10), "E-MODEL-UNSUPPORTED", "version is 10"),
        (_set("isUpdatable", True), "E-MODEL-UNSUPPORTED", "trained"),
        (_set("mlProgram.version", 2), "E-MODEL-UNSUPPORTED", "program is of version 2"),
        (
            _set("description.defaultFunctionName", "f"),
            "E-MODEL-FORMAT",
            "functions are not those that are described: f, main",
        ),
        (_trained, "E-MODEL-UNSUPPORTED", "trained"),
        (_no_program, "E-MODEL-FORMAT", "holds no model"),
        (_pipeline, "E-MODEL-UNSUPPORTED", "kind pipeline"),
        (_opset("CoreML9"), "E-MODEL-UNSUPPORTED", "operator set CoreML9"),
        (_opset("CoreML6"), "E-MODEL-FORMAT", "no block for its operator set CoreML6"),
        (_function_attribute, "E-MODEL-UNSUPPORTED", "a function has attributes that are not known: magic"),
        (_block_attribute, "E-MODEL-UNSUPPORTED", "a block has attributes that are not known: magic"),
        (_block_inputs, "E-MODEL-INVALID", "inputs of its own"),
        (_both, "E-MODEL-FORMAT", "both of functions and of none"),
        (_twice, "E-MODEL-FORMAT", "main is described twice"),
        (_default, "E-MODEL-FORMAT", "default function f is not described"),
        (_no_operator_type, "E-MODEL-FORMAT", "function main, operator y | it has no type"),
        (_no_binding, "E-MODEL-FORMAT", "operator y (relu), parameter x | an argument is neither"),
        (_unnamed, "E-MODEL-FORMAT", "a value has no name"),
        (_nested, "E-MODEL-UNSUPPORTED", "nested more than 30 deep"),
    ],
)
def test_models_that_are_refused(tmp_path: Path, spoil: Callable[[Any], None], code: str, reason: str) -> None:
    model = files.small_model()
    spoil(model)
    assert reason in refused(files.save(tmp_path / "m.mlpackage", model), code)


@pytest.mark.parametrize("version", [6, 7, 8, 9])
def test_known_versions(tmp_path: Path, version: int) -> None:
    model = files.small_model()
    model.specificationVersion = version
    assert read_model(tmp_path, model).specification_version == version


def test_a_field_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    folder = files.save(tmp_path / "m.mlpackage", files.small_model())
    file = folder / MODEL
    file.write_bytes(file.read_bytes() + b"\xa8\x46\x01")  # field 1125, a varint
    assert "number 1125 of Model" in refused(folder, "E-MODEL-UNSUPPORTED")


def test_an_unknown_field_deep_inside_is_named(tmp_path: Path) -> None:
    model = files.small_model()
    _body(model).operations[0].outputs[0].type.MergeFromString(b"\x48\x01")  # field 9
    assert "number 9 of ValueType" in refused(files.save(tmp_path / "m.mlpackage", model), "E-MODEL-UNSUPPORTED")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\0" * 100, "does not begin like a model"),
        (b"PK\3\4" * 30, "zip archive"),
        (b"\xff" * 30, "its protobuf"),
        (b"\x08\x08\x12\xff\xff\xff\xff\x0f", "its protobuf"),
    ],
)
def test_what_is_no_model(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "m.mlmodel"
    path.write_bytes(content)
    assert reason in refused(path, "E-MODEL-FORMAT")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "m.mlmodel"
    path.touch()
    os.truncate(path, 6 << 30)
    assert "more than 2147483647 bytes" in refused(path, "E-MODEL-FORMAT")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    folder = files.save(tmp_path / "m.mlpackage", files.small_model())
    whole = (folder / MODEL).read_bytes()
    for size in range(len(whole)):
        (folder / MODEL).write_bytes(whole[:size])
        refused(folder, "E-MODEL-FORMAT")


def test_missing(tmp_path: Path) -> None:
    refused(tmp_path / "none.mlpackage", "E-FILE-MISSING")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.mlmodel")
    refused(tmp_path / "m.mlmodel", "E-FILE-MISSING")
