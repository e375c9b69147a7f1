"""Reads a Core ML package: the way in of the file format layer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.check import check_package
from portproof.runtimes.coreml.faults import FaultError, damaged, shown, unsupported, within
from portproof.runtimes.coreml.features import read_interface
from portproof.runtimes.coreml.functions import read_functions
from portproof.runtimes.coreml.manifest import locate
from portproof.runtimes.coreml.program import Interface, Package
from portproof.runtimes.coreml.schema import MAX_BYTES, parse_model
from portproof.runtimes.coreml.weights import Weights

SPECIFICATION_VERSIONS = {6: "iOS 15", 7: "iOS 16", 8: "iOS 17", 9: "iOS 18"}
_MAIN = "main"
_METADATA = {
    "author": "author",
    "license": "license",
    "version": "versionString",
    "short_description": "shortDescription",
}


def read(path: Path) -> Package:
    """What a `.mlpackage` folder, or a bare `.mlmodel` file that holds an ML Program, says.

    Weights are views of the mapped weight file, except those narrower than a byte, which are unpacked.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-MODEL-FORMAT`` for a damaged file; ``E-MODEL-INVALID`` for a program
            that breaks the language's rules; ``E-MODEL-EXTERNAL`` for a weight file that is missing, elsewhere or not
            what the program says; ``E-MODEL-UNSUPPORTED`` for models of other kinds, versions and types.
    """
    path = Path(path)
    try:
        return _read(path)
    except FaultError as fault:
        raise fault.error(path) from fault
    except OSError as error:
        raise PortproofError(
            "E-FILE-MISSING", f"{path.name} cannot be opened", where=str(path), why=str(error)
        ) from error


def _read(path: Path) -> Package:
    file = locate(path)
    model = parse_model(_content(file.path), check=_check_kind)
    default = model.description.defaultFunctionName or _MAIN
    weights = Weights(file.package, file.folder)
    package = Package(
        path=path,
        specification_version=model.specificationVersion,
        functions=read_functions(model.mlProgram, weights),
        interfaces=_interfaces(model.description, default),
        default_function=default,
        metadata=_metadata(model.description.metadata),
    )
    check_package(package)
    return package


def _content(file: Path) -> bytes:
    if file.stat().st_size > MAX_BYTES:
        raise damaged(f"{file.name} has more than {MAX_BYTES} bytes, which no protobuf has")
    with file.open("rb") as stream:
        head = stream.read(2)
        if head == b"PK":
            raise damaged(f"{file.name} is a zip archive", hint="unpack it and give the .mlpackage in it")
        # A field number of zero: decided before the rest is read.
        if head[:1] in {b"", b"\0"}:
            raise damaged(f"{file.name} does not begin like a model" if head else f"{file.name} is empty")
        return head + stream.read()


def _check_kind(model: Any) -> None:
    kind = model.WhichOneof("Type")
    if kind is None:
        raise damaged("it holds no model")
    if kind != "mlProgram":
        raise unsupported(f"it holds a model of kind {kind}, not an ML Program")
    version = model.specificationVersion
    if version not in SPECIFICATION_VERSIONS:
        known = f"{min(SPECIFICATION_VERSIONS)} (iOS 15) to {max(SPECIFICATION_VERSIONS)} (iOS 18)"
        raise unsupported(f"its specification version is {version}; known are {known}")
    if model.isUpdatable or model.description.trainingInput:
        raise unsupported("it can be trained on the device")


def _interfaces(description: Any, default: str) -> Mapping[str, Interface]:
    """By function; a model of one function describes it without naming it."""
    if not description.functions:
        return {default: read_interface(description)}
    if description.input or description.output or description.state:
        raise damaged("it describes features both of functions and of none")
    found = {}
    for function in description.functions:
        if function.name in found:
            raise damaged(f"function {shown(function.name)} is described twice")
        with within("function", function.name):
            found[function.name] = read_interface(function)
    return found


def _metadata(message: Any) -> Mapping[str, str]:
    own = {key: getattr(message, field) for key, field in _METADATA.items() if getattr(message, field)}
    return dict(sorted(message.userDefined.items())) | own
