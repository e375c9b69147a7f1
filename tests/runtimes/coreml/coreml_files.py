"""Small Core ML packages, written with the reader's own message classes: tests of the format need no coremltools."""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.runtimes.coreml.packed import BITS
from portproof.runtimes.coreml.schema import message_class
from portproof.runtimes.coreml.types import DTYPES
from portproof.runtimes.coreml.weights import DTYPE_NUMBERS, SENTINEL

WEIGHTS = "@model_path/weights/weight.bin"
ARRAY_TYPES = {"float16": 65552, "float32": 65568, "float64": 65600, "int32": 131104, "int8": 131080}
NUMBERS = {name: number for number, name in DTYPES.items()}

Size = int | None


def new(name: str) -> Any:
    return message_class(name)()


def tensor_type(dtype: str, *shape: Size) -> Any:
    made = new("ValueType")
    made.tensorType.dataType = NUMBERS[dtype]
    made.tensorType.rank = len(shape)
    for size in shape:
        dimension = made.tensorType.dimensions.add()
        if size is None:
            dimension.unknown.variadic = False
        else:
            dimension.constant.size = size
    return made


def value(content: "NDArray[Any] | str | int | float | bool | Sequence[str]", dtype: str = "") -> Any:
    """A tensor that stands in the model file, in the field that coremltools writes its type to."""
    made = new("Value")
    tensor = made.immediateValue.tensor
    if isinstance(content, str) or (isinstance(content, list) and isinstance(content[0], str)):
        made.type.CopyFrom(tensor_type("string", *([] if isinstance(content, str) else [len(content)])))
        tensor.strings.values.extend([content] if isinstance(content, str) else content)
        return made
    default = {bool: "bool", int: "int32", float: "float32"}.get(type(content), "")
    array = np.asarray(content, default or None)
    dtype = dtype or str(array.dtype)
    made.type.CopyFrom(tensor_type(dtype, *array.shape))
    field = {"bool": "bools", "float32": "floats", "float64": "doubles", "int64": "longInts"}.get(dtype, "")
    field = field or ("ints" if dtype in {"int16", "uint16", "int32"} else "bytes")
    if field == "bytes":
        tensor.bytes.values = packed(array, dtype)
    else:
        getattr(tensor, field).SetInParent()
        getattr(tensor, field).values.extend(array.reshape(-1).tolist())
    return made


def packed(array: "NDArray[Any]", dtype: str) -> bytes:
    if dtype not in BITS:
        return array.tobytes()
    number = 0
    for index, element in enumerate(array.reshape(-1).tolist()):
        number |= (element & (2 ** BITS[dtype] - 1)) << (index * BITS[dtype])
    return number.to_bytes((array.size * BITS[dtype] + 7) // 8, "little")


class WeightFile:
    """Collects blobs; `data` is the file."""

    def __init__(self) -> None:
        self.data = bytearray(struct.pack("<II56x", 0, 2))

    def add(self, array: "NDArray[Any]", dtype: str = "") -> int:
        """The offset of the blob's metadata."""
        dtype = dtype or str(array.dtype)
        content = packed(array, dtype)
        self._align()
        offset = len(self.data)
        padding = len(content) * 8 - array.size * BITS[dtype] if dtype in BITS else 0
        self.data += struct.pack("<IIQQQ32x", SENTINEL, DTYPE_NUMBERS[dtype], len(content), offset + 64, padding)
        self.data += content
        struct.pack_into("<I", self.data, 0, struct.unpack_from("<I", self.data)[0] + 1)
        return offset

    def value(self, array: "NDArray[Any]", dtype: str = "") -> Any:
        """A tensor that stands in this file."""
        made = new("Value")
        made.type.CopyFrom(tensor_type(dtype or str(array.dtype), *array.shape))
        made.blobFileValue.fileName = WEIGHTS
        made.blobFileValue.offset = self.add(array, dtype)
        return made

    def _align(self) -> None:
        self.data += b"\0" * (-len(self.data) % 64)


def operation(
    kind: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any], *, blocks: Sequence[Any] = (), **attributes: Any
) -> Any:
    """`inputs`: a name, a value, or a list of such; `outputs`: the type by name."""
    made = new("Operation")
    made.type = kind
    for parameter, given in inputs.items():
        for binding in given if isinstance(given, list) else [given]:
            argument = made.inputs[parameter].arguments.add()
            if isinstance(binding, str):
                argument.name = binding
            else:
                argument.value.CopyFrom(binding)
    for name, kind_of in outputs.items():
        made.outputs.add(name=name, type=kind_of)
    made.blocks.extend(blocks)
    for name, content in attributes.items():
        made.attributes[name].CopyFrom(content)
    if "name" not in attributes and outputs:
        made.attributes["name"].CopyFrom(value(next(iter(outputs))))
    return made


def const(name: str, content: Any) -> Any:
    """A constant; `content` is a `Value` message or what `value` takes."""
    message = content if hasattr(content, "WhichOneof") else value(content)
    return operation("const", {}, {name: message.type}, val=message)


def block(operations: Sequence[Any], outputs: Sequence[str], inputs: Mapping[str, Any] | None = None) -> Any:
    made = new("Block")
    made.operations.extend(operations)
    made.outputs.extend(outputs)
    for name, kind in (inputs or {}).items():
        made.inputs.add(name=name, type=kind)
    return made


def array_feature(name: str, dtype: str = "float32", shape: Sequence[int] = ()) -> Any:
    made = new("FeatureDescription")
    made.name = name
    made.type.multiArrayType.dataType = ARRAY_TYPES[dtype]
    made.type.multiArrayType.shape.extend(shape)
    return made


def add_function(
    model: Any, body: Any, inputs: Mapping[str, Any], *, name: str = "main", opset: str = "CoreML7"
) -> None:
    function = model.mlProgram.functions[name]
    function.opset = opset
    function.block_specializations[opset].CopyFrom(body)
    for input_name, kind in inputs.items():
        function.inputs.add(name=input_name, type=kind)


def model_of(
    operations: Sequence[Any],
    inputs: Sequence[tuple[str, str, tuple[int, ...]]],
    outputs: Sequence[tuple[str, str, tuple[int, ...]]],
    *,
    version: int = 8,
    opset: str = "CoreML7",
) -> Any:
    """A `Model` of one function whose inputs and outputs are arrays: name, element type and shape of each."""
    model = new("Model")
    model.specificationVersion = version
    model.mlProgram.version = 1
    taken = {name: tensor_type(dtype, *shape) for name, dtype, shape in inputs}
    add_function(model, block(operations, [name for name, _, _ in outputs]), taken, opset=opset)
    model.description.input.extend(array_feature(*feature) for feature in inputs)
    model.description.output.extend(array_feature(*feature) for feature in outputs)
    return model


def small_model() -> Any:
    """y = max(0, x) of two elements."""
    relu = operation("relu", {"x": "x"}, {"y": tensor_type("float32", 2)})
    return model_of([relu], [("x", "float32", (2,))], [("y", "float32", (2,))])


def manifest(path: str = "com.apple.CoreML/model.mlmodel") -> dict[str, Any]:
    return {
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": {
            "A": {"author": "com.apple.CoreML", "description": "", "name": "model.mlmodel", "path": path},
            "B": {
                "author": "com.apple.CoreML",
                "description": "",
                "name": "weights",
                "path": "com.apple.CoreML/weights",
            },
        },
        "rootModelIdentifier": "A",
    }


def manifest_bytes() -> bytes:
    return json.dumps(manifest(), indent=4).encode()


def save(folder: Path, model: Any, weights: WeightFile | None = None) -> Path:
    """Writes a package."""
    inner = folder / "Data" / "com.apple.CoreML"
    (inner / "weights").mkdir(parents=True, exist_ok=True)
    (folder / "Manifest.json").write_bytes(manifest_bytes())
    (inner / "model.mlmodel").write_bytes(model.SerializeToString(deterministic=True))
    if weights is not None:
        (inner / "weights" / "weight.bin").write_bytes(weights.data)
    return folder
