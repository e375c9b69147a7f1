"""The files that there are, and the chain of those that one extends."""

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from portproof.device_profiles.errors import Message, PortproofError
from portproof.device_profiles.loading.check import check
from portproof.device_profiles.loading.messages import joined, wrong_key
from portproof.device_profiles.loading.places import places, two_files
from portproof.device_profiles.loading.read import Document, read


class Catalog:
    """The profiles of all places, each file read once.

    Args:
        profile_paths: what ``--profile`` names: files and folders, looked in first.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-CONFIG``: a place that cannot be looked in.
    """

    def __init__(self, profile_paths: Sequence[str | os.PathLike[str]] = ()) -> None:
        self.places = places(profile_paths)
        self._read: dict[Path, Document] = {}

    def ids(self) -> list[str]:
        """Every id of every place, sorted."""
        return sorted({profile_id for place in self.places for profile_id in place.files})

    def document(self, profile_id: str, first: int = 0) -> tuple[int, Document]:
        """The file of an id in the first place that has it, and the number of that place.

        Args:
            profile_id: which.
            first: the number of the place to begin with.

        Raises:
            PortproofError: ``E-DEVICE-UNKNOWN``; ``E-CONFIG``: the place has two; what `read` raises.
        """
        for number, place in enumerate(self.places[first:], first):
            if profile_id in place.twice:
                raise PortproofError.of([two_files(place, profile_id)])
            if profile_id in place.files:
                return number, self._document(place.files[profile_id], place.name)
        raise PortproofError.of([self.unknown(profile_id)])

    def _document(self, path: Path, place: str) -> Document:
        if path not in self._read:
            self._read[path] = read(path, place)
        return self._read[path]

    def chain(self, profile_id: str) -> list[Document]:
        """The file of an id, the one that it extends, and so on to one that extends nothing.

        A file that extends its own id extends that of a later place: so a project changes what is built in.

        Raises:
            PortproofError: ``E-DEVICE-UNKNOWN``; ``E-CONFIG``: a missing one, a cycle, and all that is wrong in any.
        """
        number, document = self.document(profile_id)
        chain, wrong = [document], check(document)
        while isinstance(parent := document.data.get("extends"), str):
            try:
                number, found = self.document(parent, number + 1 if parent == document.path.stem else 0)
            except PortproofError as error:
                wrong += _of_extends(document, parent, error)
                break
            if found in chain:
                wrong.append(_cycle([*chain[chain.index(found) :], found]))
                break
            document = found
            chain.append(document)
            wrong += check(document)
        if wrong:
            raise PortproofError.of(joined(wrong))
        return chain

    def unknown(self, profile_id: str) -> Message:
        """``E-DEVICE-UNKNOWN``, with the nearest ids."""
        known, near = self.ids(), self.near(profile_id)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known devices: {', '.join(known)}"
        mistaken = next((place.others[profile_id] for place in self.places if profile_id in place.others), None)
        return Message(
            code="E-DEVICE-UNKNOWN",
            what=f'no device profile is named "{profile_id}"',
            why=f"{mistaken} is not TOML, and profiles are" if mistaken else "",
            hint=f"{hint} (`portproof devices list` shows all; --profile names a file of your own)",
            details={"device": profile_id, "near": near, "known": known},
        )

    def near(self, profile_id: str) -> list[str]:
        """The ids nearest to what was written, and those that hold it."""
        known = self.ids()
        wanted = profile_id.lower().replace("_", "-").replace(" ", "-")
        near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
        return near + [name for name in known if wanted and wanted in name and name not in near]


def _of_extends(document: Document, parent: str, error: PortproofError) -> list[Message]:
    """What is wrong with the profile that a file extends, told at the line that names it."""
    if error.code != "E-DEVICE-UNKNOWN":
        return list(error.messages)
    where = (str(document.path), document.line(("extends",)))
    own = parent == document.path.stem
    what = f'no profile is named "{parent}"' + (" in the places behind this one" if own else "")
    return [wrong_key(("extends",), what, where, error.messages[0].hint)]


def _cycle(documents: Sequence[Document]) -> Message:
    first = documents[0]
    ids = " -> ".join(document.path.stem for document in documents)
    where = (str(first.path), first.line(("extends",)))
    return wrong_key(("extends",), f"a cycle: {ids}", where, "one of them must extend another, or nothing")
