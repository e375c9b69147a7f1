"""Plain tables: aligned columns that a pipe keeps whole, whatever the width of the terminal."""

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> str:
    """Columns two spaces apart under their heads; those of `right` are aligned to the right."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(_line(row, widths, right) for row in cells)


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(padded).rstrip()


def size_text(count: int) -> str:
    """Bytes in the unit a reader wants: ``"912 B"``, ``"13.98 MB"`` (decimal, as app stores count)."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.2f} {unit}"
    return f"{count} B"


def number(value: float | None, digits: int = 3) -> str:
    """A measurement as a table shows it: ``1.23e-05``, ``0``, ``-`` when there is none."""
    return "-" if value is None else f"{value:.{digits}g}"
