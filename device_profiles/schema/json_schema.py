"""The JSON schema of a profile file, made from the models; checked in for editors and readers of other languages.

After a change of a model: ``python -m portproof.device_profiles.schema.json_schema``.
"""

import json
from pathlib import Path
from typing import Any

from portproof.device_profiles.schema.profile import ProfileFile

FILE = Path(__file__).parent / "profile.schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of one file, with its keys as they stand there."""
    return {"$schema": DIALECT, **ProfileFile.model_json_schema(by_alias=True), "title": "Portproof device profile"}


def text() -> str:
    """The bytes of the checked-in file."""
    return json.dumps(json_schema(), indent=2) + "\n"


def main() -> None:
    """Write the file anew."""
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
