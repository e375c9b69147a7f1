"""The protobuf messages of Core ML files, as far as ML Programs need them, and their parser.

Names and numbers of the fields are those of Apple's `Model.proto`, `FeatureTypes.proto` and `MIL.proto`. The messages
live in a descriptor pool of their own, so that any other copy of the schema in the process is left alone.
"""

import functools
import re
from collections.abc import Callable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from portproof.runtimes.coreml.faults import damaged, unsupported

MAX_BYTES = 2**31 - 1
"""The largest message that protobuf can hold."""

_PACKAGE = "portproof.coreml"

# A row is `number name type`; `[T]` is repeated, `{T}` a map from strings, `@name` puts the field into a oneof.
_MESSAGES = {
    "Program": "1 version int64; 2 functions {Function}; 3 docString string; 4 attributes {Value}",
    "Function": "1 inputs [NamedValueType]; 2 opset string; 3 block_specializations {Block}; 4 attributes {Value}",
    "Block": "1 inputs [NamedValueType]; 2 outputs [string]; 3 operations [Operation]; 4 attributes {Value}",
    "Binding": "1 name string @binding; 2 value Value @binding",
    "Argument": "1 arguments [Binding]",
    "Operation": """1 type string; 2 inputs {Argument}; 3 outputs [NamedValueType]; 4 blocks [Block];
        5 attributes {Value}""",
    "NamedValueType": "1 name string; 2 type ValueType",
    "ValueType": """1 tensorType TensorType @type; 2 listType ListType @type; 3 tupleType TupleType @type;
        4 dictionaryType DictionaryType @type; 5 stateType StateType @type""",
    "TensorType": "1 dataType int32; 2 rank int64; 3 dimensions [Dimension]; 4 attributes {Value}",
    "TupleType": "1 types [ValueType]",
    "ListType": "1 type ValueType; 2 length Dimension",
    "DictionaryType": "1 keyType ValueType; 2 valueType ValueType",
    "StateType": "1 wrappedType ValueType",
    "Dimension": "1 constant ConstantDimension @dimension; 2 unknown UnknownDimension @dimension",
    "ConstantDimension": "1 size uint64",
    "UnknownDimension": "1 variadic bool",
    "Value": """1 docString string; 2 type ValueType; 3 immediateValue ImmediateValue @value;
        5 blobFileValue BlobFileValue @value""",
    "ImmediateValue": """1 tensor TensorValue @value; 2 tuple TupleValue @value; 3 list ListValue @value;
        4 dictionary DictionaryValue @value""",
    "BlobFileValue": "1 fileName string; 2 offset uint64",
    "TensorValue": """1 floats Floats @value; 2 ints Ints @value; 3 bools Bools @value; 4 strings Strings @value;
        5 longInts LongInts @value; 6 doubles Doubles @value; 7 bytes Bytes @value""",
    "Floats": "1 values [float]",
    "Doubles": "1 values [double]",
    "Ints": "1 values [int32]",
    "LongInts": "1 values [int64]",
    "Bools": "1 values [bool]",
    "Strings": "1 values [string]",
    "Bytes": "1 values bytes",
    "TupleValue": "1 values [Value]",
    "ListValue": "1 values [Value]",
    "DictionaryValue": "1 values [KeyValuePair]",
    "KeyValuePair": "1 key Value; 2 value Value",
    "Model": """1 specificationVersion int32; 2 description ModelDescription; 10 isUpdatable bool;
        200 pipelineClassifier Opaque @Type; 201 pipelineRegressor Opaque @Type; 202 pipeline Opaque @Type;
        300 glmRegressor Opaque @Type; 301 supportVectorRegressor Opaque @Type;
        302 treeEnsembleRegressor Opaque @Type; 303 neuralNetworkRegressor Opaque @Type;
        304 bayesianProbitRegressor Opaque @Type; 400 glmClassifier Opaque @Type;
        401 supportVectorClassifier Opaque @Type; 402 treeEnsembleClassifier Opaque @Type;
        403 neuralNetworkClassifier Opaque @Type; 404 kNearestNeighborsClassifier Opaque @Type;
        500 neuralNetwork Opaque @Type; 501 itemSimilarityRecommender Opaque @Type; 502 mlProgram Program @Type;
        555 customModel Opaque @Type; 556 linkedModel Opaque @Type; 560 classConfidenceThresholding Opaque @Type;
        600 oneHotEncoder Opaque @Type; 601 imputer Opaque @Type; 602 featureVectorizer Opaque @Type;
        603 dictVectorizer Opaque @Type; 604 scaler Opaque @Type; 606 categoricalMapping Opaque @Type;
        607 normalizer Opaque @Type; 609 arrayFeatureExtractor Opaque @Type;
        610 nonMaximumSuppression Opaque @Type; 900 identity Opaque @Type; 2000 textClassifier Opaque @Type;
        2001 wordTagger Opaque @Type; 2002 visionFeaturePrint Opaque @Type;
        2003 soundAnalysisPreprocessing Opaque @Type; 2004 gazetteer Opaque @Type; 2005 wordEmbedding Opaque @Type;
        2006 audioFeaturePrint Opaque @Type; 3000 serializedModel Opaque @Type""",
    "Opaque": "",
    "ModelDescription": """1 input [FeatureDescription]; 10 output [FeatureDescription]; 13 state [FeatureDescription];
        11 predictedFeatureName string; 12 predictedProbabilitiesName string; 20 functions [FunctionDescription];
        21 defaultFunctionName string; 50 trainingInput [FeatureDescription]; 100 metadata Metadata""",
    "FunctionDescription": """1 name string; 2 input [FeatureDescription]; 3 output [FeatureDescription];
        4 predictedFeatureName string; 5 predictedProbabilitiesName string; 6 state [FeatureDescription]""",
    "Metadata": """1 shortDescription string; 2 versionString string; 3 author string; 4 license string;
        100 userDefined {string}""",
    "FeatureDescription": "1 name string; 2 shortDescription string; 3 type FeatureType",
    "FeatureType": """1 int64Type Opaque @Type; 2 doubleType Opaque @Type; 3 stringType Opaque @Type;
        4 imageType ImageFeatureType @Type; 5 multiArrayType ArrayFeatureType @Type;
        6 dictionaryType DictionaryFeatureType @Type; 7 sequenceType SequenceFeatureType @Type;
        8 stateType StateFeatureType @Type; 1000 isOptional bool""",
    "ArrayFeatureType": """1 shape [int64]; 2 dataType int32; 21 enumeratedShapes EnumeratedShapes @ShapeFlexibility;
        31 shapeRange ShapeRange @ShapeFlexibility; 41 intDefaultValue int32 @defaultOptionalValue;
        51 floatDefaultValue float @defaultOptionalValue; 61 doubleDefaultValue double @defaultOptionalValue""",
    "EnumeratedShapes": "1 shapes [Shape]",
    "Shape": "1 shape [int64]",
    "ShapeRange": "1 sizeRanges [SizeRange]",
    "SizeRange": "1 lowerBound uint64; 2 upperBound int64",
    "ImageFeatureType": """1 width int64; 2 height int64; 3 colorSpace int32;
        21 enumeratedSizes EnumeratedImageSizes @SizeFlexibility; 31 imageSizeRange ImageSizeRange @SizeFlexibility""",
    "EnumeratedImageSizes": "1 sizes [ImageSize]",
    "ImageSize": "1 width uint64; 2 height uint64",
    "ImageSizeRange": "1 widthRange SizeRange; 2 heightRange SizeRange",
    "DictionaryFeatureType": "1 int64KeyType Opaque @KeyType; 2 stringKeyType Opaque @KeyType",
    "SequenceFeatureType": "1 int64Type Opaque @Type; 3 stringType Opaque @Type; 101 sizeRange SizeRange",
    "StateFeatureType": "1 arrayType ArrayFeatureType @Type",
}

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "uint64": _Field.TYPE_UINT64,
    "bool": _Field.TYPE_BOOL,
    "float": _Field.TYPE_FLOAT,
    "double": _Field.TYPE_DOUBLE,
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
}


@functools.cache
def message_class(name: str) -> Any:
    """The class of a message, such as ``"Model"``."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))


def parse_model(data: bytes, *, check: Callable[[Any], None]) -> Any:
    """A `Model` message from its bytes.

    Args:
        data: the whole file.
        check: refuses a model of another kind, before its fields are looked at.

    Raises:
        FaultError: ``E-MODEL-FORMAT`` where they are none, ``E-MODEL-UNSUPPORTED`` where a message has a field that is
            not in the table: what it means cannot be known.
    """
    model = _parsed(data)
    check(model)
    held = model.ByteSize()
    model.DiscardUnknownFields()
    if model.ByteSize() != held:
        message, number = _first_unknown(_parsed(data))
        raise unsupported(f"it has a field that is not known: number {number} of {message}")
    return model


def _parsed(data: bytes) -> Any:
    model = message_class("Model")()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise damaged(f"its protobuf is cut short, nested too deep or not one ({error})") from error
    return model


def _first_unknown(message: Message) -> tuple[str, int]:
    found = UnknownFieldSet(message)
    if len(found):
        return message.DESCRIPTOR.name, found[0].field_number
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in _parts(field, value):
                deeper = _first_unknown(part)
                if deeper[1]:
                    return deeper
    return "", 0


def _parts(field: Any, value: Any) -> list[Any]:
    if field.message_type.GetOptions().map_entry:
        return [part for part in value.values() if isinstance(part, Message)]
    return [value] if isinstance(value, Message) else list(value)


@functools.cache
def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="portproof/coreml.proto", package=_PACKAGE, syntax="proto3")
    for name, rows in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for row in filter(None, (row.strip() for row in rows.split(";"))):
            _add_field(message, row)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _add_field(message: Any, row: str) -> None:
    number, name, kind, *oneof = row.split()
    field = message.field.add(name=name, number=int(number), label=_Field.LABEL_OPTIONAL)
    bare = kind.strip("[]{}")
    if kind != bare:
        field.label = _Field.LABEL_REPEATED
    _set_type(field, bare if kind[0] != "{" else _map_entry(message, name, bare))
    if oneof:
        field.oneof_index = _oneof(message, oneof[0][1:])


def _map_entry(message: Any, field: str, value: str) -> str:
    # protobuf wants the entry's name to be the field's in camel case.
    name = re.sub("(?:^|_)([a-z])", lambda found: found[1].upper(), field) + "Entry"
    entry = message.nested_type.add(name=name)
    entry.options.map_entry = True
    _add_field(entry, "1 key string")
    _add_field(entry, f"2 value {value}")
    return f"{message.name}.{name}"


def _set_type(field: Any, kind: str) -> None:
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"


def _oneof(message: Any, name: str) -> int:
    names = [oneof.name for oneof in message.oneof_decl]
    if name not in names:
        message.oneof_decl.add(name=name)
        names.append(name)
    return names.index(name)
