"""The frontier of mixes of precisions as a plot: what SQNR costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from portproof.exporter.report.html.scale import Axis, axis

WIDTH, HEIGHT = 720, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 700, 20, 330
_RADIUS, _CHOSEN_RADIUS = 4.5, 7


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A mix that was run.

    Attributes:
        cost: in the unit of the plot's first axis.
        sqnr_db: of the outputs.
        label: what it consists of.
        chosen: whether it is the one that was taken.
    """

    cost: float
    sqnr_db: float
    label: str
    chosen: bool = False


def frontier_svg(dots: Sequence[Dot], cost_name: str, bound_db: float | None = None) -> str:
    """An inline ``<svg>``; "" where there are no dots.

    Args:
        dots: cheapest first.
        cost_name: of the first axis, with its unit.
        bound_db: the SQNR that was asked for, drawn as a line.
    """
    if not dots:
        return ""
    levels = [dot.sqnr_db for dot in dots] + ([bound_db] if bound_db is not None else [])
    x = axis([dot.cost for dot in dots], _LEFT, _RIGHT)
    y = axis(levels, _BOTTOM, _TOP)
    parts = [*_grid(x, y), *_titles(cost_name)]
    parts += _bound(y, bound_db) if bound_db is not None else []
    line = " ".join(f"{x.at(dot.cost)},{y.at(dot.sqnr_db)}" for dot in dots)
    parts.append(f'<polyline class="line" points="{line}"/>')
    parts += [_dot(dot, x, y) for dot in dots]
    parts += [_name(dot, x, y) for dot in dots if dot.chosen]
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="SQNR of each mix against its cost">'
    return "\n".join((head, *parts, "</svg>"))


def _grid(x: Axis, y: Axis) -> list[str]:
    found = []
    for place, text in x.ticks():
        found.append(f'<line class="grid" x1="{place}" y1="{_TOP}" x2="{place}" y2="{_BOTTOM}"/>')
        found.append(f'<text x="{place}" y="{_BOTTOM + 18}" text-anchor="middle">{text}</text>')
    for place, text in y.ticks():
        found.append(f'<line class="grid" x1="{_LEFT}" y1="{place}" x2="{_RIGHT}" y2="{place}"/>')
        found.append(f'<text x="{_LEFT - 8}" y="{place + 4}" text-anchor="end">{text}</text>')
    return found


def _titles(cost_name: str) -> list[str]:
    middle = (_LEFT + _RIGHT) / 2
    height = (_TOP + _BOTTOM) / 2
    return [
        f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{escape(cost_name)}</text>',
        f'<text x="16" y="{height}" text-anchor="middle" transform="rotate(-90 16 {height})">SQNR, dB</text>',
    ]


def _bound(y: Axis, bound_db: float) -> list[str]:
    place = y.at(bound_db)
    return [
        f'<line class="bound" x1="{_LEFT}" y1="{place}" x2="{_RIGHT}" y2="{place}"/>',
        f'<text x="{_RIGHT}" y="{place - 5}" text-anchor="end">asked for: {bound_db:g} dB</text>',
    ]


def _dot(dot: Dot, x: Axis, y: Axis) -> str:
    radius, kind = (_CHOSEN_RADIUS, "dot chosen") if dot.chosen else (_RADIUS, "dot")
    title = escape(f"{dot.sqnr_db:.1f} dB: {dot.label}")
    place = f'cx="{x.at(dot.cost)}" cy="{y.at(dot.sqnr_db)}"'
    return f'<circle class="{kind}" {place} r="{radius}"><title>{title}</title></circle>'


def _name(dot: Dot, x: Axis, y: Axis) -> str:
    """Beside the dot, on the side where there is room."""
    place = x.at(dot.cost)
    is_left = place < (_LEFT + _RIGHT) / 2
    beside, anchor = (place + 12, "start") if is_left else (place - 12, "end")
    return f'<text x="{beside}" y="{y.at(dot.sqnr_db) + 18}" text-anchor="{anchor}">{escape(dot.label)}</text>'
