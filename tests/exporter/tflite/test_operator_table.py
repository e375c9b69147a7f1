from pathlib import Path

from portproof.exporter.tflite.operator_table import markdown

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operators.md"


def test_the_committed_page_is_what_the_handlers_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run `make docs`"


def test_every_operator_of_onnx_is_on_it() -> None:
    import onnx

    page = markdown()
    names = {schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == "" and not schema.deprecated}
    assert [name for name in sorted(names) if name not in page] == []
