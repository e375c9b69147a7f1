from xml.etree import ElementTree

from portproof.exporter.report.html.frontier import HEIGHT, WIDTH, Dot, frontier_svg

DOTS = [
    Dot(cost=1.0, sqnr_db=10.0, label="3 int8"),
    Dot(cost=2.0, sqnr_db=17.5, label="2 int8, 1 <float32>", chosen=True),
    Dot(cost=9.0, sqnr_db=30.0, label="3 float32"),
]


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - it is our own


def test_every_dot_is_inside_in_order_and_the_chosen_one_is_named() -> None:
    root = parsed(frontier_svg(DOTS, "bit operations & more", 15.0))
    circles = list(root.iter("circle"))
    assert [circle.get("class") for circle in circles] == ["dot", "dot chosen", "dot"]
    x, y = ([float(circle.get(name) or 0) for circle in circles] for name in ("cx", "cy"))
    assert x == sorted(x)
    assert y == sorted(y, reverse=True), "more dB is higher"
    assert all(0 < place < WIDTH for place in x)
    assert all(0 < place < HEIGHT for place in y)
    texts = [element.text for element in root.iter("text")]
    assert {"bit operations & more", "SQNR, dB", "asked for: 15 dB", "2 int8, 1 <float32>"} <= set(texts)
    (line,) = [each for each in root.iter("line") if each.get("class") == "bound"]
    assert y[1] < float(line.get("y1") or 0) < y[0]
    assert next(title.text for title in root.iter("title")) == "10.0 dB: 3 int8"


def test_without_a_bound_there_is_no_line_and_without_dots_nothing() -> None:
    root = parsed(frontier_svg(DOTS[:1], "cost"))
    assert not [each for each in root.iter("line") if each.get("class") == "bound"]
    assert frontier_svg([], "cost") == ""
