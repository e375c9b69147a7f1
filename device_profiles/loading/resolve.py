"""A profile with all that it extends merged into it, and where each of its values is from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.loading import overrides as command_line
from portproof.device_profiles.loading.catalog import Catalog
from portproof.device_profiles.loading.layers import Layer, flatten, overlay, unflatten
from portproof.device_profiles.loading.lines import Key
from portproof.device_profiles.loading.messages import messages
from portproof.device_profiles.loading.read import Document
from portproof.device_profiles.loading.references import Locate, missing
from portproof.device_profiles.schema.profile import Profile


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a value is from.

    Attributes:
        file: the path of the file; ``"command line"`` for ``--set``.
        line: in that file, from 1; None for the command line.
        place: where the file was found: ``"built in"``, ``"project"``, ...
    """

    file: str
    line: int | None
    place: str

    def __str__(self) -> str:
        """As a compiler names a line."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


COMMAND_LINE = Origin(file=command_line.SOURCE, line=None, place=command_line.SOURCE)


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A profile and how it came about.

    Attributes:
        profile: all of it.
        layer: each value that counts by its path, with its origin.
        lineage: the ids of the files, the profile's own first, the one that extends nothing last.
        files: their paths.
        place: where its own file was found.
    """

    profile: Profile
    layer: Layer[Origin]
    lineage: tuple[str, ...]
    files: tuple[Path, ...]
    place: str


def resolve(catalog: Catalog, profile_id: str, overrides: Sequence[str] = ()) -> Resolved:
    """The profile of an id, with all that it extends and with what the command line sets.

    Raises:
        PortproofError: what `Catalog.chain` and `overrides.parse` raise; ``E-CONFIG``: what all files together lack.
    """
    changes = command_line.parse(overrides)
    chain = catalog.chain(profile_id)
    layer: Layer[Origin] = {}
    for document in reversed(chain):
        layer = overlay(layer, layer_of(document))
    layer = overlay(layer, flatten(changes, lambda _: COMMAND_LINE))
    return Resolved(
        profile=_profile(layer, _locate(layer, chain[0]), catalog),
        layer=layer,
        lineage=tuple(document.path.stem for document in chain),
        files=tuple(document.path for document in chain),
        place=chain[0].place,
    )


def layer_of(document: Document) -> Layer[Origin]:
    """What one file states, by path."""

    def origin(path: Key) -> Origin:
        return Origin(file=str(document.path), line=document.line(path), place=document.place)

    return flatten(document.data, origin)


def _locate(layer: Layer[Origin], own: Document) -> Locate:
    """The file and line of a path: of the nearest value that some file states, else the profile's own file."""

    def locate(path: Key) -> tuple[str, int | None]:
        parts = tuple(str(part) for part in path)
        near = (layer[parts[:depth]][1] for depth in range(len(parts), 0, -1) if parts[:depth] in layer)
        origin = next(near, None)
        return (origin.file, origin.line) if origin else (str(own.path), None)

    return locate


def _profile(layer: Layer[Origin], locate: Locate, catalog: Catalog) -> Profile:
    try:
        profile = Profile.model_validate(unflatten(layer))
    except ValidationError as error:
        raise PortproofError.of(messages(error, locate)) from error
    wrong = missing(profile, catalog.ids(), locate)
    if wrong:
        raise PortproofError.of(wrong)
    return profile
