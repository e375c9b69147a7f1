import json

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from portproof.exporter.report import schemas
from portproof.exporter.report.parts import File


@pytest.mark.parametrize("name", ["report", "manifest"])
def test_the_checked_in_schema_is_that_of_the_model(name: str) -> None:
    """When this fails: python -m portproof.exporter.report.schemas."""
    checked_in = (schemas.FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    assert checked_in == schemas.text(schemas.schemas()[name])


@pytest.mark.parametrize("name", ["report", "manifest"])
def test_a_schema_is_strict_and_versioned(name: str) -> None:
    schema = json.loads((schemas.FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["schema_version"]["const"] == 1
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())


def test_documents_are_frozen_and_refuse_what_they_do_not_know() -> None:
    file = File(path="a", role="model", bytes=1, sha256="0" * 64)
    with pytest.raises(ValidationError, match="frozen"):
        file.path = "b"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        File(path="a", role="model", bytes=1, sha256="0" * 64, colour="red")  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="String should match"):
        File(path="a", role="model", bytes=1, sha256="abc")
