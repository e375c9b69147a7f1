import re
from pathlib import Path

import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.report.html.page import Page, Section, render, save

PAGE = Page(
    title="a < b",
    verdict="all & well",
    sections=(
        Section(title="Plot", lines=("one", "two"), svg="<svg></svg>"),
        Section(title="Table", head=("name", "dB"), rows=[("<x>", "1.0"), ("y", None)], right=frozenset({1})),
    ),
)


def test_text_is_escaped_and_plots_are_not() -> None:
    found = render(PAGE)
    assert "<title>a &lt; b</title>" in found
    assert "all &amp; well" in found
    assert "<svg></svg>" in found
    assert "<td>&lt;x&gt;</td>" in found
    assert '<td class="right">1.0</td>' in found
    assert '<td class="right"></td>' in found
    assert found.count("<h2>") == 2
    assert found == render(PAGE)


def test_nothing_is_fetched() -> None:
    assert not re.search(r"<script|<link|https?://|@import|url\(", render(PAGE))


def test_a_failure_is_marked() -> None:
    assert 'class="verdict"' in render(PAGE)
    assert 'class="verdict failed"' in render(Page(title="t", verdict="v", failed=True))


def test_a_page_is_written_or_refused(tmp_path: Path) -> None:
    save(PAGE, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == render(PAGE)
    with pytest.raises(PortproofError, match="cannot be written") as raised:
        save(PAGE, tmp_path / "page.html" / "page.html")
    assert raised.value.code == "E-OUTPUT"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
