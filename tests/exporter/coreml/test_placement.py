from typing import Any

import pytest
from tests.exporter.coreml.operations import operation

from portproof.device_profiles.neural_engine import load_rules
from portproof.exporter.coreml.placement import Surroundings, place


def verdict(
    op_type: str, output: str, *, chip: str = "A17 Pro", inside: str = "", flexible: str = "", **inputs: Any
) -> tuple[str, list[str]]:
    made, shapes = operation(op_type, output, **inputs)
    around = Surroundings(
        rules=load_rules(),
        generation=load_rules().generation_of(chip),
        shapes=shapes,
        ranged=flexible == "ranged",
        enumerated=flexible == "enumerated",
    )
    found, reasons = place(made, inside, around)
    assert all(reason.confidence and reason.source for reason in reasons if "nothing is known" not in reason.text)
    return found, [reason.text for reason in reasons]


H = "float16[1,8,6,5]"


@pytest.mark.parametrize("op_type", ["conv", "add", "softmax", "transpose", "read_state", "topk", "cos", "resize"])
def test_what_runs_there(op_type: str) -> None:
    assert verdict(op_type, "float16[1,8,6,64]", x="float16[1,8,6,64]") == ("likely", [])


@pytest.mark.parametrize(
    ("op_type", "why"),
    [
        ("lstm", "recurrent layers run on the CPU"),
        ("scatter_nd", "it does not write at places computed at run time"),
        ("gather_nd", "it reads at places computed at run time within narrow limits only"),
        ("while_loop", "it has no control flow"),
        ("logical_and", "it has no such operator"),
    ],
)
def test_what_does_not(op_type: str, why: str) -> None:
    assert verdict(op_type, H, x=H) == ("unlikely", [why])


def test_what_nobody_knows() -> None:
    assert verdict("gather", H, x=H)[0] == "unsure"
    assert verdict("fly", H, x=H) == ("unsure", ["nothing is known of it"])
    assert verdict("conv", H, chip="A13", x=H) == ("unsure", ["nothing older than A14 has been measured"])


def test_what_came_later() -> None:
    assert verdict("topk", H, chip="M1", x=H) == ("unlikely", ["the unit that samples and sorts came with A15 and M2"])
    assert verdict("cos", H, chip="M2", x=H) == ("unlikely", ["it came with A16 and M3"])
    assert verdict("topk", H, chip="M2", x=H)[0] == "likely"


def test_types() -> None:
    found, why = verdict("conv", "float32[1,8,6,5]", x="float32[1,4,6,5]")
    assert (found, why) == ("unlikely", ["it computes in float32, and the Neural Engine in float16"])
    assert verdict("cast", H, x="float32[1,8,6,5]")[0] == "likely"
    whole = ["it computes with whole numbers of int32, which the Neural Engine does not"]
    assert verdict("add", "int32[4]", x="int32[4]", y=1) == ("unlikely", whole)
    assert verdict("less", "bool[4]", x="int32[4]", y=1) == ("unlikely", whole)
    assert verdict("reduce_argmax", "int32[1,6,5]", x=H)[0] == "likely"
    assert verdict("conv", H, x=H, strides=[1, 1], groups=1)[0] == "likely"


@pytest.mark.parametrize(
    ("flexible", "want"),
    [
        ("ranged", ("unlikely", ["its sizes are in a range: only the default sizes run there"])),
        ("enumerated", ("likely", [])),
        ("", ("unlikely", ["its sizes are known only when running"])),
    ],
)
def test_sizes_that_are_not_fixed(flexible: str, want: tuple[str, list[str]]) -> None:
    assert verdict("relu", "float16[1,?,6,5]", x="float16[1,?,6,5]", flexible=flexible) == want
    assert verdict("relu", H, x=H, flexible=flexible) == ("likely", [])


@pytest.mark.parametrize(
    ("shape", "chip", "why"),
    [
        ("[1,2,3,4,5,6]", "M5", "a tensor has 6 axes, and 5 are the most"),
        ("[1,8,1,16385]", "M1", "a tensor is 16385 wide or high, and 16384 are the most"),
        ("[1,8,16385,1]", "A16", "a tensor is 16385 wide or high, and 16384 are the most"),
        ("[1,8,1,65537]", "A18", "a tensor is 65537 wide or high, and 65536 are the most"),
        ("[1,65537,1,1]", "M1", "a tensor has 65537 channels, and 65536 are the most"),
        ("[1,70000]", "M5", "a tensor has 70000 channels, and 65536 are the most"),
    ],
)
def test_shapes_that_are_too_large(shape: str, chip: str, why: str) -> None:
    assert verdict("relu", f"float16{shape}", chip=chip, x=f"float16{shape}") == ("unlikely", [why])
    assert verdict("relu", "float16[1,8,1,16384]", chip=chip, x="float16[1,8,1,16384]") == ("likely", [])


def test_kernels_and_windows() -> None:
    wide = "its kernel is 15 wide, and 13 is the most"
    assert verdict("conv", H, chip="M1", x=H, weight="float16[8,8,15,15]") == ("unlikely", [wide])
    assert verdict("conv", H, chip="M4", x=H, weight="float16[8,8,15,15]") == ("likely", [])
    assert verdict("conv", H, chip="M4", x=H, weight="float16[8,8,1,17]")[0] == "unlikely"
    assert verdict("max_pool", H, chip="M1", x=H, kernel_sizes=[30, 2]) == (
        "unlikely",
        ["its window is 30 wide, and 29 is the most"],
    )
    assert verdict("max_pool", H, chip="M2", x=H, kernel_sizes=[30, 2])[0] == "likely"
    assert verdict("conv", H, chip="A13", x=H, dilations=[2, 2])[1][-1] == "its kernel is dilated by 2"
    assert verdict("conv", H, chip="M1", x=H, dilations=[2, 2])[0] == "likely"


def test_states() -> None:
    odd = "the last axis of its state is 5, no multiple of 32"
    assert verdict("read_state", H, input=H) == ("unlikely", [odd])


def test_nested_operators_go_where_their_block_goes() -> None:
    assert verdict("conv", H, inside="while_loop", x=H) == ("unlikely", ["it stands in a while_loop"])
