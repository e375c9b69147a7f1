from pathlib import Path

from portproof.exporter.coreml.operator_table import markdown

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operators-coreml.md"


def test_the_committed_page_is_what_the_handlers_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run `make docs`"
