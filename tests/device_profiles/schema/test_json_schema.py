import tomllib

from jsonschema import Draft202012Validator

from portproof.device_profiles.loading.places import BUILT_IN
from portproof.device_profiles.schema.json_schema import FILE, json_schema, text


def test_the_file_that_is_shipped_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "python -m portproof.device_profiles.schema.json_schema"


def test_it_takes_what_is_built_in_and_refuses_what_the_models_refuse() -> None:
    validator = Draft202012Validator(json_schema())
    files = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(BUILT_IN.rglob("*.toml"))]
    assert [file["id"] for file in files if not validator.is_valid(file)] == []
    good = next(file for file in files if file["id"] == "imx-93")
    for wrong in (
        {"nmae": "x"},
        {"extends": "Pixel 9"},
        {"npu": {"ops": []}},
        {"npu": {"sram_mib": 2}},
        {"npu": {"sram_mib": {"value": -1, "kind": "guess", "source": "x"}}},
        {"npu": {"sram_mib": {"value": 1, "kind": "guess"}}},
    ):
        assert not validator.is_valid({**good, **wrong}), wrong
    assert validator.is_valid({**good, "npu": {"ops-": ["Softmax"]}})
