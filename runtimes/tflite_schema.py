"""The only module that imports the TFLite flatbuffer schema; reads a file into its object API, safely.

`schema` is `ai_edge_litert.schema_py_generated`: the exporter takes the classes it writes from here.
"""

from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from portproof.runtimes.tflite_format import damaged, open_bytes
from portproof.runtimes.tflite_rules import first_violation

__all__ = ["read", "schema"]


def read(path: Path) -> Any:
    """The model in a TFLite file as a `schema.ModelT`, checked for damage first.

    The data of its buffers are read-only views of the mapped file: nothing of their size is copied.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-MODEL-FORMAT`` when the file is no TFLite model, is cut short,
            or its tables point where nothing is.
    """
    path = Path(path)
    data = open_bytes(path)
    try:
        model = schema.ModelT.InitFromPackedBuf(data)
        reason = first_violation(model, len(data))
    # Fields of the unions are read unchecked: what the generated code raises on damage is not documented.
    except Exception as error:
        damaged(path, f"its tables do not make sense ({type(error).__name__}: {error})")
    if reason:
        damaged(path, reason)
    return model
