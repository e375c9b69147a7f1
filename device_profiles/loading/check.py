"""What is wrong with one file by itself."""

from pydantic import ValidationError

from portproof.device_profiles.errors import Message
from portproof.device_profiles.loading.lines import Key
from portproof.device_profiles.loading.messages import messages, wrong_key
from portproof.device_profiles.loading.read import Document
from portproof.device_profiles.schema.profile import ProfileFile


def check(document: Document) -> list[Message]:
    """All that the schema refuses in a file, and an id that is not the file's name; empty where nothing is wrong."""

    def locate(path: Key) -> tuple[str, int | None]:
        return str(document.path), document.line(path)

    try:
        found = ProfileFile.model_validate(document.data)
    except ValidationError as error:
        return messages(error, locate)
    if found.id != document.path.stem:
        what = f'is "{found.id}", but the file is named {document.path.name}'
        return [wrong_key(("id",), what, locate(("id",)), f"name the file {found.id}.toml, or change the id")]
    return []
