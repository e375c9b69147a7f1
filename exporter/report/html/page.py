"""A page of sections: sentences, a plot, a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from portproof.runtimes.whole_file import whole_file

_TEMPLATES = Path(__file__).parent / "templates"
Cell = str | int | float | None


@dataclass(frozen=True, kw_only=True)
class Section:
    """One of a page.

    Attributes:
        title: its heading.
        lines: sentences above the rest.
        svg: a plot, ready to be put in; "" for none.
        head: of the table's columns; empty for no table.
        rows: of the table; None is an empty cell.
        right: columns of numbers.
    """

    title: str
    lines: tuple[str, ...] = ()
    svg: str = ""
    head: tuple[str, ...] = ()
    rows: Sequence[tuple[Cell, ...]] = ()
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole document.

    Attributes:
        title: of the document.
        verdict: one line below it.
        failed: whether a gate was not met.
        sections: in order.
    """

    title: str
    verdict: str
    failed: bool = False
    sections: tuple[Section, ...] = ()


def render(page: Page) -> str:
    """The page as one HTML document that refers to nothing outside; the same page gives the same text."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(page=page)


def save(page: Page, path: Path) -> None:
    """Write a page.

    Raises:
        PortproofError: ``E-OUTPUT``.
    """
    with whole_file(path) as part:
        part.write_text(render(page), encoding="utf-8")
