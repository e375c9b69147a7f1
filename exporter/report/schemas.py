"""The JSON schemas of the documents, made from the models; checked in under `schema/` for readers of other languages.

After a change of a model: ``python -m portproof.exporter.report.schemas``.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from portproof.exporter.report.manifest import Manifest
from portproof.exporter.report.report import Report

FOLDER = Path(__file__).parent / "schema"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of each document by its name: ``"report"``, ``"manifest"``."""
    models: dict[str, type[BaseModel]] = {"report": Report, "manifest": Manifest}
    return {
        name: {"$schema": DIALECT, **model.model_json_schema(mode="serialization")} for name, model in models.items()
    }


def text(schema: dict[str, Any]) -> str:
    """The bytes of the checked-in file."""
    return json.dumps(schema, indent=2) + "\n"


def main() -> None:
    """Write the files anew."""
    for name, schema in schemas().items():
        (FOLDER / f"{name}.schema.json").write_text(text(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
