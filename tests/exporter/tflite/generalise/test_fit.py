import onnx_ir as ir
import pytest

from portproof.exporter.tflite.generalise.fit import Atoms, Axis, Expression, number

H = (37, 90, 52, 41, 80, 66, 96)
W = (70, 33, 91, 48, 55, 84, 99)


def value(name: str) -> ir.Value:
    return ir.Value(name=name)


@pytest.fixture
def known() -> tuple[Atoms, ir.Value]:
    atoms, x = Atoms(), value("x")
    atoms.add(x, [(2, h, w) for h, w in zip(H, W, strict=True)])
    return atoms, x


def fitted(known: tuple[Atoms, ir.Value], column: tuple[int, ...]) -> Expression | None:
    return known[0].fit(column, [H, W])


def test_a_number_that_is_the_same_everywhere(known):
    assert fitted(known, (7,) * 7) == number(7)
    assert number(7).is_number
    assert number(7).cost == 0
    assert number(7).at({}) == 7


def test_an_axis_of_a_tensor(known):
    assert fitted(known, H) == Expression(factors=(Axis(known[1], 1),))


def test_of_two_tensors_of_the_same_size_the_first_is_read(known):
    atoms, x = known
    atoms.add(value("later"), [(h,) for h in H])
    assert atoms.fit(H) == Expression(factors=(Axis(x, 1),))


@pytest.mark.parametrize(
    "function",
    [
        lambda h, w: 3 * h,
        lambda h, w: h + 5,
        lambda h, w: -h + 100,
        lambda h, w: 4 * w - 3,
        lambda h, w: (h + 1) // 2,
        lambda h, w: (h - 1) // 2,
        lambda h, w: (w + 2) // 3,
        lambda h, w: h * w,
        lambda h, w: 6 * h * w,
        lambda h, w: h * h + 1,
        lambda h, w: h * w * w,
    ],
)
def test_expressions_are_right_at_other_sizes_too(known, function):
    expression = fitted(known, tuple(function(h, w) for h, w in zip(H, W, strict=True)))
    assert expression is not None
    x = known[1]
    for h in range(30, 120):
        for w in (31, 64, 101):
            assert expression.at({Axis(x, 1): h, Axis(x, 2): w}) == function(h, w)


@pytest.mark.parametrize(
    "column",
    [
        tuple(h % 2 for h in H),
        tuple(h ^ w for h, w in zip(H, W, strict=True)),
        tuple(round(h**0.5) for h in H),
        tuple(h // 16 for h in H),  # several ways of rounding by 16 give these, and differ at other sizes
        (1, 2, 3, 4, 5, 6, 7),
    ],
)
def test_what_has_no_formula_or_several_is_not_guessed(known, column):
    assert fitted(known, column) is None


def test_rounding_is_taken_where_only_one_is_possible_in_steps():
    """In steps of 32 all ways of rounding by 16 are the same."""
    atoms, x = Atoms(), value("x")
    sizes = (32, 96, 160, 64, 256, 224)
    atoms.add(x, [(size,) for size in sizes])
    assert atoms.fit(tuple(size // 16 for size in sizes)) == Expression(factors=(Axis(x, 0),), divisor=16)


def test_the_cheaper_of_two_expressions():
    atoms, x, half = Atoms(), value("x"), value("half")
    atoms.add(x, [(h,) for h in H])
    atoms.add(half, [((h + 1) // 2,) for h in H])
    found = atoms.fit(tuple((h + 1) // 2 * 3 for h in H))
    assert found == Expression(factors=(Axis(half, 0),), scale=3)
    assert found.cost == 2
