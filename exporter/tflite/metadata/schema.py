"""The tables of TFLite Metadata, as `metadata_schema.fbs` of tflite-support 0.4 numbers them (schema version 1.1.0)."""

from dataclasses import dataclass

NAME = "TFLITE_METADATA"
"""Of the entry in the model's metadata."""
IDENTIFIER = b"M001"
ROOT = "ModelMetadata"
PARSER_VERSION = "1.0.0"
"""`min_parser_version`: nothing that is written here came later; the populator of tflite-support computes the same."""

UNKNOWN, RGB, GRAYSCALE = 0, 1, 2
"""`ColorSpaceType`."""
TENSOR_AXIS_LABELS, TENSOR_VALUE_LABELS = 2, 3
"""Of `AssociatedFileType`: names along an axis, and names of what the tensor's values stand for."""

# One table a line, its fields in the order of the schema; a union takes two numbers, the type's and the value's.
_TABLES = """
AssociatedFile name:string description:string type:byte locale:string
FeatureProperties
ImageSize width:uint height:uint
ImageProperties color_space:byte default_size:ImageSize
BoundingBoxProperties index:[uint] type:byte coordinate_type:byte
ValueRange min:int max:int
Content content_properties:union range:ValueRange
NormalizationOptions mean:[float] std:[float]
ScoreCalibrationOptions score_transformation:byte default_score:float
ScoreThresholdingOptions global_score_threshold:float
BertTokenizerOptions vocab_file:[AssociatedFile]
SentencePieceTokenizerOptions sentencePiece_model:[AssociatedFile] vocab_file:[AssociatedFile]
ProcessUnit options:union
Stats max:[float] min:[float]
TensorMetadata name:string description:string dimension_names:[string] content:Content process_units:[ProcessUnit]\
 stats:Stats associated_files:[AssociatedFile]
SubGraphMetadata name:string description:string input_tensor_metadata:[TensorMetadata]\
 output_tensor_metadata:[TensorMetadata] associated_files:[AssociatedFile] input_process_units:[ProcessUnit]\
 output_process_units:[ProcessUnit]
ModelMetadata name:string description:string version:string subgraph_metadata:[SubGraphMetadata] author:string\
 license:string associated_files:[AssociatedFile] min_parser_version:string
"""
UNIONS = {
    "content_properties": ("FeatureProperties", "ImageProperties", "BoundingBoxProperties"),
    "options": (
        "NormalizationOptions",
        "ScoreCalibrationOptions",
        "ScoreThresholdingOptions",
        "BertTokenizerOptions",
        "SentencePieceTokenizerOptions",
    ),
}
"""The members of each union from number 1 on; 0 is none."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a table: its name, its kind as the schema writes it, and its number (a union's value has it)."""

    name: str
    kind: str
    number: int


def _fields(words: list[str]) -> tuple[Field, ...]:
    made: list[Field] = []
    number = 0
    for word in words:
        name, _, kind = word.partition(":")
        number += kind == "union"
        made.append(Field(name=name, kind=kind, number=number))
        number += 1
    return tuple(made)


TABLES = {words[0]: _fields(words[1:]) for words in map(str.split, _TABLES.strip().splitlines())}
