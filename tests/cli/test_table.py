from portproof.cli.table import number, size_text, table


def test_columns_are_aligned_and_no_line_has_a_tail() -> None:
    text = table(("name", "count"), [("a", 5), ("longer", 12345)], right=[1])
    assert text.splitlines() == ["name    count", "a           5", "longer  12345"]
    assert table(("name", "note"), [("a", "")]).splitlines() == ["name  note", "a"]


def test_a_table_of_nothing_is_its_head() -> None:
    assert table(("name", "count"), []) == "name  count"


def test_sizes_in_decimal_units() -> None:
    assert [size_text(size) for size in (912, 1000, 13_980_000, 2_500_000_000)] == [
        "912 B",
        "1.00 kB",
        "13.98 MB",
        "2.50 GB",
    ]


def test_numbers() -> None:
    assert [number(value) for value in (1.2345e-5, 0.0, None, 42.0)] == ["1.23e-05", "0", "-", "42"]
