"""``--set npu.sram_mib=2``: values for one run, laid over all files."""

import tomllib
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from portproof.device_profiles.errors import Message, PortproofError
from portproof.device_profiles.loading.fields import is_figure
from portproof.device_profiles.loading.lines import Key
from portproof.device_profiles.loading.messages import messages
from portproof.device_profiles.schema.profile import ProfileFile

SOURCE = "command line"
_FIXED = {"kind", "id", "extends"}
_WHO = {"kind": "device", "id": "command-line", "name": SOURCE, "vendor": SOURCE}


def parse(overrides: Sequence[str]) -> dict[str, Any]:
    """What overrides state, as a file would; of two for one key the later counts.

    Args:
        overrides: ``KEY=VALUE``: the key dotted, the value as TOML has it; a word needs no quotation marks, and a
            number that needs a source has the command line for one.

    Raises:
        PortproofError: ``E-USAGE``: no key, no value, or one that cannot be set; ``E-CONFIG``: what the schema
            refuses. All of them at once.
    """
    data: dict[str, Any] = {}
    wrong: list[Message] = []
    for text in overrides:
        try:
            _put(data, text)
        except PortproofError as error:
            wrong += error.messages
    wrong += _refused(data)
    if wrong:
        raise PortproofError.of(wrong)
    return data


def _put(data: dict[str, Any], text: str) -> None:
    key, sign, value = text.partition("=")
    path = tuple(part.strip() for part in key.strip().split("."))
    if not sign or not all(path):
        raise PortproofError("E-USAGE", f"--set {text}: not KEY=VALUE", hint="like --set npu.sram_mib=2")
    if path[0] in _FIXED:
        raise PortproofError("E-USAGE", f"--set {text}: {path[0]} says which profile it is", hint="choose one with -d")
    table = data
    for depth, part in enumerate(path[:-1], 1):
        if is_figure(path[:depth]):
            raise PortproofError("E-USAGE", f"--set {text}: a number is set whole", hint=_whole(path[:depth]))
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise PortproofError("E-USAGE", f"--set {text}: {'.'.join(path[:depth])} was set to a value before")
    table[path[-1]] = _valued(path, value.strip())


def _whole(path: Key) -> str:
    key = ".".join(str(part) for part in path)
    return f'--set {key}=2, or --set {key}=\'{{value = 2, kind = "primary", source = "data sheet"}}\''


def _valued(path: Key, text: str) -> Any:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    if is_figure(path) and not isinstance(value, dict):
        return {"value": value, "kind": "guess", "source": SOURCE}
    return value


def _refused(data: dict[str, Any]) -> list[Message]:
    try:
        ProfileFile.model_validate({**data, **{key: value for key, value in _WHO.items() if key not in data}})
    except ValidationError as error:
        return messages(error, lambda _: ("--set", None))
    return []
