"""Whole small packages, of every part of the format between them, for the mutations to start from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import coreml_files as files
import numpy as np

CHANCE = 20240611


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A package as bytes."""

    manifest: bytes
    model: bytes
    weights: bytes


def _array(*shape: int) -> Any:
    return np.random.default_rng(CHANCE).standard_normal(shape).astype(np.float32)


def _vector(*numbers: int) -> Any:
    return files.value(np.array(numbers, np.int32))


def _made(kind: str, inputs: dict[str, Any], name: str, dtype: str, *shape: int | None, **attributes: Any) -> Any:
    return files.operation(kind, inputs, {name: files.tensor_type(dtype, *shape)}, **attributes)


def convolution(weights: files.WeightFile) -> Any:
    """An image, a convolution whose weights are a file's, integers, and a shape that is computed."""
    operations = [
        files.const("weight", weights.value(_array(4, 3, 3, 3))),
        files.const("bias", files.value(_array(4))),
        files.const("order", np.array([2, 0, 1], np.int32)),
        _made(
            "conv",
            {
                "x": "x",
                "weight": "weight",
                "bias": "bias",
                "strides": _vector(2, 2),
                "dilations": _vector(1, 1),
                "pad_type": files.value("same"),
                "pad": _vector(0, 0, 0, 0),
                "groups": files.value(1),
            },
            "c",
            "float32",
            1,
            4,
            4,
            4,
        ),
        _made("relu", {"x": "c"}, "r", "float32", 1, 4, 4, 4),
        _made("reduce_mean", {"x": "r", "axes": _vector(2, 3), "keep_dims": files.value(False)}, "m", "float32", 1, 4),
        _made("gather", {"x": "m", "indices": "order", "axis": files.value(1)}, "g", "float32", 1, 3),
        _made("shape", {"x": "r"}, "s", "int32", 4),
        _made("cast", {"x": "s", "dtype": files.value("fp32")}, "t", "float32", 4),
        _made(
            "concat",
            {"values": ["m", "g"], "axis": files.value(1), "interleave": files.value(False)},
            "y",
            "float32",
            1,
            7,
        ),
    ]
    model = files.model_of(
        operations,
        [("x", "float32", (1, 3, 8, 8))],
        [("y", "float32", (1, 7)), ("t", "float32", (4,))],
        version=6,
        opset="CoreML5",
    )
    model.description.input[0].ClearField("type")
    photo = model.description.input[0].type.imageType
    photo.width, photo.height, photo.colorSpace = 8, 8, 20
    return model


def control(_: files.WeightFile) -> Any:
    """A loop with a branch in it, and a list."""
    pair, number = files.tensor_type("float32", 2), files.tensor_type("int32")
    branch = files.operation(
        "cond",
        {"pred": "big"},
        {"n": pair},
        blocks=[
            files.block([_made("mul", {"x": "a", "y": files.value(0.5)}, "p", "float32", 2)], ["p"]),
            files.block([_made("add", {"x": "a", "y": "x"}, "p", "float32", 2)], ["p"]),
        ],
    )
    variables = {"a": pair, "i": number}
    condition = files.block([_made("less", {"x": "i", "y": files.value(5)}, "go", "bool")], ["go"], variables)
    body = files.block(
        [
            _made("greater", {"x": "i", "y": files.value(2)}, "big", "bool"),
            branch,
            _made("add", {"x": "i", "y": files.value(1)}, "j", "int32"),
        ],
        ["n", "j"],
        variables,
    )
    listed = files.new("ValueType")
    listed.listType.type.CopyFrom(pair)
    listed.listType.length.unknown.SetInParent()
    make = {
        "init_length": files.value(3),
        "dynamic_length": files.value(True),
        "elem_shape": _vector(2),
        "dtype": files.value("fp32"),
    }
    operations = [
        files.const("zero", 0),
        files.operation(
            "while_loop", {"loop_vars": ["x", "zero"]}, {"last": pair, "count": number}, blocks=[condition, body]
        ),
        files.operation("make_list", make, {"empty": listed}),
        files.operation("list_write", {"ls": "empty", "index": "zero", "value": "last"}, {"full": listed}),
        files.operation("list_read", {"ls": "full", "index": "zero"}, {"y": pair}),
    ]
    return files.model_of(operations, [("x", "float32", (2,))], [("y", "float32", (2,))], version=6, opset="CoreML5")


def compressed(weights: files.WeightFile) -> Any:
    """Weights narrower than a byte, in blocks and by look-up, and enumerated shapes."""
    codes = np.random.default_rng(CHANCE).integers(0, 8, (6, 8)).astype(np.uint8)
    operations = [
        files.const("codes", weights.value(codes, "uint3")),
        files.const("table", weights.value(_array(1, 1, 8, 1).astype(np.float16))),
        _made("constexpr_lut_to_dense", {"indices": "codes", "lut": "table"}, "dense", "float16", 6, 8),
        files.const("small", weights.value((codes.astype(np.int8) - 4), "int4")),
        files.const("scale", weights.value(_array(6, 2).astype(np.float16))),
        _made("constexpr_blockwise_shift_scale", {"data": "small", "scale": "scale"}, "blocks", "float16", 6, 8),
        _made("linear", {"x": "x", "weight": "dense"}, "a", "float16", None, 6),
        _made("linear", {"x": "x", "weight": "blocks"}, "b", "float16", None, 6),
        _made("sub", {"x": "a", "y": "b"}, "y", "float16", None, 6),
    ]
    model = files.model_of(operations, [("x", "float16", (2, 8))], [("y", "float16", ())], version=9, opset="CoreML8")
    taken = model.mlProgram.functions["main"].inputs[0].type
    taken.CopyFrom(files.tensor_type("float16", None, 8))
    for size in (2, 5):
        model.description.input[0].type.multiArrayType.enumeratedShapes.shapes.add(shape=[size, 8])
    return model


def older(weights: files.WeightFile) -> Any:
    """Weights whose parameters are attributes (iOS 16), ranged shapes and an input with a default."""
    quantized = np.random.default_rng(CHANCE).integers(-128, 128, (3, 4)).astype(np.int8)
    decode = {
        "quantized_data": weights.value(quantized),
        "scale": weights.value(np.array([0.1, 0.2, 0.3], np.float16)),
        "zero_point": files.value(np.array([1, -2, 3], np.int8)),
        "axis": files.value(0),
    }
    operations = [
        _made("constexpr_affine_dequantize", {}, "w", "float16", 3, 4, **decode),
        _made("linear", {"x": "x", "weight": "w"}, "l", "float16", None, 3),
        _made("cast", {"x": "l", "dtype": files.value("fp32")}, "y", "float32", None, 3),
    ]
    model = files.model_of(operations, [("x", "float16", (2, 4))], [("y", "float32", ())], version=7, opset="CoreML6")
    model.mlProgram.functions["main"].inputs[0].type.CopyFrom(files.tensor_type("float16", None, 4))
    array = model.description.input[0].type.multiArrayType
    array.floatDefaultValue = 0.5
    model.description.input[0].type.isOptional = True
    array.shapeRange.sizeRanges.add(lowerBound=1, upperBound=-1)
    array.shapeRange.sizeRanges.add(lowerBound=4, upperBound=4)
    return model


def classes(_: files.WeightFile) -> Any:
    """A classifier: words in a list, a dictionary as output."""
    words = files.new("Value")
    words.type.listType.type.CopyFrom(files.tensor_type("string"))
    words.type.listType.length.constant.size = 3
    words.immediateValue.list.values.extend(files.value(word) for word in ("cat", "dog", "cow"))
    scores = files.new("ValueType")
    scores.dictionaryType.keyType.CopyFrom(files.tensor_type("string"))
    scores.dictionaryType.valueType.CopyFrom(files.tensor_type("float32"))
    named = {"label": files.tensor_type("string"), "label_probs": scores}
    operations = [
        _made("softmax", {"x": "x", "axis": files.value(-1)}, "p", "float32", 1, 3),
        files.operation("classify", {"probabilities": "p", "classes": words}, named),
    ]
    model = files.model_of(operations, [("x", "float32", (1, 3))], [], version=6, opset="CoreML5")
    block = model.mlProgram.functions["main"].block_specializations["CoreML5"]
    block.outputs.extend(["label", "label_probs"])
    description = model.description
    description.output.add(name="label").type.stringType.SetInParent()
    description.output.add(name="label_probs").type.dictionaryType.stringKeyType.SetInParent()
    description.predictedFeatureName, description.predictedProbabilitiesName = "label", "label_probs"
    return model


def functions(_: files.WeightFile) -> Any:
    """Two functions, one of them with a state."""
    half = files.tensor_type("float16", 2)
    state = files.new("ValueType")
    state.stateType.wrappedType.CopyFrom(half)
    model = files.model_of([], [], [], version=9, opset="CoreML8")
    model.mlProgram.functions.clear()
    counting = [
        _made("read_state", {"input": "sum"}, "old", "float16", 2),
        _made("add", {"x": "old", "y": "x"}, "y", "float16", 2),
        files.operation("write_state", {"input": "sum", "data": "y"}, {}),
    ]
    files.add_function(model, files.block(counting, ["y"]), {"x": half, "sum": state}, name="count", opset="CoreML8")
    plain = [_made("tanh", {"x": "x"}, "y", "float16", 2)]
    files.add_function(model, files.block(plain, ["y"]), {"x": half}, name="plain", opset="CoreML8")
    for name in ("count", "plain"):
        described = model.description.functions.add(name=name)
        described.input.append(files.array_feature("x", "float16", (2,)))
        described.output.append(files.array_feature("y", "float16", (2,)))
    kept = model.description.functions[0].state.add(name="sum")
    kept.type.stateType.arrayType.dataType = files.ARRAY_TYPES["float16"]
    kept.type.stateType.arrayType.shape.append(2)
    model.description.defaultFunctionName = "count"
    return model


SEEDS: dict[str, Callable[[files.WeightFile], Any]] = {
    made.__name__: made for made in (convolution, control, compressed, older, classes, functions)
}


def sample(name: str) -> Sample:
    """A whole package of `SEEDS`."""
    weights = files.WeightFile()
    model = SEEDS[name](weights)
    return Sample(
        manifest=files.manifest_bytes(),
        model=model.SerializeToString(deterministic=True),
        weights=bytes(weights.data),
    )
