from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from portproof.device_profiles.loading.layers import Layer, flatten, overlay, unflatten
from portproof.device_profiles.loading.lines import Key

FIGURE = {"value": 2.0, "kind": "guess", "source": "s"}
FIGURES = st.fixed_dictionaries(
    {"value": st.floats(1, 9), "kind": st.sampled_from(["guess", "primary"]), "source": st.sampled_from("ab")},
    optional={"borrowed_from": st.just("pixel-8")},
)
OPS = st.lists(st.sampled_from(["Softmax", "Gelu", "Add"]), unique=True)
WORDS = st.lists(st.sampled_from(["int8", "int16", "float16"]), unique=True)
FITS = st.lists(
    st.fixed_dictionaries({"unit": st.sampled_from(["cpu", "npu"]), "runtime": st.sampled_from("ab")}),
    unique_by=lambda fit: (fit["unit"], fit["runtime"]),
).map(lambda fits: [{**fit, "precision": "fp16"} for fit in fits])


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """What one file may state, valid but for the keys that it lacks."""
    npu = st.fixed_dictionaries(
        {},
        optional={
            "sram_mib": FIGURES,
            "precisions": WORDS,
            "options": st.dictionaries(st.sampled_from("xy"), st.sampled_from("12")),
        },
    )
    table = draw(st.fixed_dictionaries({}, optional={"npu": npu, "notes": WORDS, "latency": FITS, "year": st.just(1)}))
    if "npu" in table:
        more, less = draw(OPS), draw(OPS)
        table["npu"] |= {"ops+": more, "ops-": [op for op in less if op not in more]}
    return table


def layer(table: dict[str, Any], name: str = "") -> Layer[str]:
    return flatten(table, lambda key: f"{name}:{'.'.join(map(str, key))}")


@settings(max_examples=40, deadline=None)
@given(files(), files(), files())
def test_it_does_not_matter_which_two_files_are_merged_first(a: Any, b: Any, c: Any) -> None:
    first, second, third = layer(a, "a"), layer(b, "b"), layer(c, "c")
    left = overlay(overlay(first, second), third)
    right = overlay(first, overlay(second, third))
    assert left == right
    assert unflatten(left) == unflatten(right)


@settings(max_examples=40, deadline=None)
@given(files())
def test_a_file_alone_says_what_it_said(table: dict[str, Any]) -> None:
    stated = unflatten(layer(table))
    wanted = {key: value for key, value in table.items() if value != [] or key == "notes"}
    if "npu" in wanted:
        wanted["npu"] = {key: value for key, value in wanted["npu"].items() if value or key == "precisions"}
        if not wanted["npu"]:
            assert "npu" not in stated or stated["npu"] in ({}, {"options": {}})
            return
    stated.get("npu", {}).pop("options", None) if not wanted.get("npu", {}).get("options") else None
    assert stated == wanted


@settings(max_examples=40, deadline=None)
@given(files(), files())
def test_each_value_is_one_of_the_two_and_keeps_its_origin(a: Any, b: Any) -> None:
    base, over = layer(a, "a"), layer(b, "b")
    for path, leaf in overlay(base, over).items():
        assert leaf == (over[path] if path in over else base[path])


@settings(max_examples=40, deadline=None)
@given(files())
def test_a_file_over_itself_changes_nothing(table: dict[str, Any]) -> None:
    assert overlay(layer(table), layer(table)) == layer(table)


def merged(*tables: dict[str, Any]) -> dict[str, Any]:
    result: Layer[str] = {}
    for table in tables:
        result = overlay(result, layer(table))
    return unflatten(result)


def test_tables_merge_and_lists_are_replaced() -> None:
    base = {"notes": ["a"], "npu": {"name": "X", "precisions": ["int8"]}}
    assert merged(base, {"notes": ["b"], "npu": {"precisions": ["int4"]}}) == {
        "notes": ["b"],
        "npu": {"name": "X", "precisions": ["int4"]},
    }


def test_a_number_is_replaced_with_its_source() -> None:
    lent = {"value": 1, "kind": "derived", "source": "old", "borrowed_from": "pixel-8"}
    new = {"value": 2, "kind": "primary", "source": "new"}
    assert merged({"npu": {"sram_mib": lent}}, {"npu": {"sram_mib": new}}) == {"npu": {"sram_mib": new}}


def test_adjustments_add_up_and_the_later_file_decides() -> None:
    base = {"npu": {"ops+": ["Gelu"], "ops-": ["Softmax"]}}
    over = {"npu": {"ops+": ["Softmax"], "ops-": ["Add"]}}
    assert merged(base, over) == {"npu": {"ops+": ["Gelu", "Softmax"], "ops-": ["Add"]}}


def test_a_fit_replaces_the_fit_for_the_same_and_no_other() -> None:
    one = {"unit": "npu", "runtime": "tflite", "precision": "fp16", "log_scale": 1}
    two = {**one, "precision": "w8a8"}
    assert merged({"latency": [one, two]}, {"latency": [{**one, "log_scale": 2}]}) == {
        "latency": [{**one, "log_scale": 2}, two]
    }


def test_an_empty_table_says_that_there_is_one() -> None:
    assert merged({"npu": {}}) == {"npu": {}}
    assert merged({"npu": {"name": "X"}}, {"npu": {}}) == {"npu": {"name": "X"}}


def test_every_origin_is_of_the_key_in_the_file() -> None:
    seen: list[Key] = []
    fit = {"unit": "a", "runtime": "b", "precision": "c"}
    flatten({"npu": {"ops-": ["Add"], "sram_mib": FIGURE}, "latency": [fit]}, seen.append)
    assert seen == [("npu", "ops-", 0), ("npu", "sram_mib"), ("latency", 0)]
