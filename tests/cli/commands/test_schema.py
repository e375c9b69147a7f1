import json

import pytest
from jsonschema import Draft202012Validator

from portproof.cli.main import run
from portproof.device_profiles.codes import CODES


@pytest.fixture
def contract(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert run(["schema"]) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_every_code_and_exit_status_is_there(contract: dict[str, dict[str, dict[str, object]]]) -> None:
    assert set(contract["codes"]) == set(CODES)
    assert contract["codes"]["E-OP-UNSUPPORTED"]["exit_status"] == 3
    assert set(contract["exit_statuses"]) == {"0", "1", "2", "3", "4", "5", "70"}


def test_every_command_is_there_with_its_options(contract: dict[str, dict[str, dict[str, object]]]) -> None:
    listed = ["bench", "check", "completion", "devices", "doctor", "export", "inspect", "quantize", "schema", "verify"]
    assert sorted(contract["commands"]) == listed
    export = contract["commands"]["export"]
    options = {option["name"]: option for option in export["options"]}  # type: ignore[attr-defined]
    assert options["io_layout"]["choices"] == ["auto", "keep"]
    assert options["devices"]["repeatable"]
    assert options["seed"]["default"] == 0
    assert all(option["help"] for option in options.values())
    assert export["arguments"][0]["name"] == "model"  # type: ignore[index]


def test_a_group_has_its_commands(contract: dict[str, dict[str, dict[str, object]]]) -> None:
    wanted = {"list", "new", "schema", "show", "validate"}
    assert set(contract["commands"]["devices"]["commands"]) >= wanted  # type: ignore[call-overload]


@pytest.mark.parametrize("name", ["report", "manifest", "device_profile"])
def test_the_schemas_of_the_documents_are_schemas(contract: dict[str, dict[str, object]], name: str) -> None:
    Draft202012Validator.check_schema(contract["documents"][name])  # type: ignore[arg-type]
