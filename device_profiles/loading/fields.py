"""What may stand where in a profile, read off the schema: for near matches, and for what the command line sets."""

import typing
from collections.abc import Iterator

from pydantic import BaseModel

from portproof.device_profiles.loading.lines import Key
from portproof.device_profiles.schema.figure import Figure
from portproof.device_profiles.schema.profile import ProfileFile


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a table, as they stand in a file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def model_at(path: Key, model: type[BaseModel] = ProfileFile) -> type[BaseModel] | None:
    """The table (or the element of a list of tables) that stands at a path; None where none does."""
    found: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int) or found is None:
            continue
        found = _of_key(found, part)
    return found


def is_figure(path: Key) -> bool:
    """Whether a number with its source stands at a path."""
    return model_at(path) is Figure


def places_of(key: str) -> list[str]:
    """The tables that have a key: ``["npu"]`` for ``sram_mib``; ``""`` is the top."""
    tables = ["", *keys_of(ProfileFile)]
    models = {table: model_at((table,) if table else ()) for table in tables}
    return [table for table, model in models.items() if model is not None and key in keys_of(model)]


def _of_key(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if key == (field.alias or name):
            return next(_models(field.annotation), None)
    return None


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """The models that an annotation names: ``Cpu | None``, ``tuple[Runtime, ...]``, ``Annotated[Figure, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models(part)
