"""Every profile of every place, or files of one's own, held against the schema and against each other."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from portproof.device_profiles.errors import Message, PortproofError
from portproof.device_profiles.loading.catalog import Catalog
from portproof.device_profiles.loading.messages import joined
from portproof.device_profiles.loading.places import Place, two_files
from portproof.device_profiles.loading.read import read
from portproof.device_profiles.loading.resolve import Resolved, resolve


def validate(files: Sequence[str | Path] = ()) -> list[Resolved]:
    """Check profiles, with what they extend.

    Args:
        files: files and folders; they may extend each other. None: every place is checked.

    Returns:
        What is right, by id.

    Raises:
        PortproofError: ``E-CONFIG``, ``E-FILE-MISSING``: all that is wrong in any of them, at once.
    """
    catalog = Catalog([Path(file) for file in files])
    mine = catalog.places[: len(files)] if files else catalog.places
    wrong = _twice(mine) if files else [two_files(place, each) for place in mine for each in place.twice]
    wrong += [message for place in mine for path in place.others.values() for message in _mistaken(path, place)]
    right: list[Resolved] = []
    for profile_id in sorted({each for place in mine for each in place.files if each not in place.twice}):
        try:
            right.append(resolve(catalog, profile_id))
        except PortproofError as error:
            wrong += error.messages
    if wrong:
        raise PortproofError.of(joined(wrong))
    return right


def _mistaken(path: Path, place: Place) -> tuple[Message, ...]:
    """What is said of a file of another format in a folder of profiles."""
    try:
        read(path, place.name)
    except PortproofError as error:
        return error.messages
    hint = f"name it {path.with_suffix('.toml').name}"
    return PortproofError("E-CONFIG", "it is TOML, and not named so", where=str(path), hint=hint).messages


def _twice(mine: Sequence[Place]) -> list[Message]:
    """Ids that two of the files given are named for, in one folder or in several."""
    paths = {
        path
        for place in mine
        for path in (*place.files.values(), *(each for row in place.twice.values() for each in row))
    }
    counts = Counter(path.stem for path in paths)
    everything = {
        each: tuple(sorted(path for path in paths if path.stem == each)) for each, n in counts.items() if n > 1
    }
    return [two_files(Place(name="--profile", files={}, twice=everything), each) for each in sorted(everything)]
