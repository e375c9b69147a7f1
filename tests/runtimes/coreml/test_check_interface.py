from dataclasses import replace

import pytest

from portproof.runtimes.coreml.check_interface import check_interface
from portproof.runtimes.coreml.faults import FaultError
from portproof.runtimes.coreml.program import (
    Block,
    DictionaryType,
    Feature,
    Function,
    ImageType,
    Interface,
    ListType,
    NamedType,
    Operation,
    SizeRange,
    StateType,
    TensorType,
    Type,
)

SCORES = Feature(name="", kind="dictionary", keys="string")
INT64 = TensorType(dtype="int64", shape=())
STRING = TensorType(dtype="string", shape=())


def tensor(*shape: int | None) -> TensorType:
    return TensorType(dtype="float32", shape=shape)


def check(feature: Feature, kind: Type, *, output: bool = False) -> None:
    """One input (or output) is described, the other side is right."""
    x, y = replace(array(), name="x"), replace(array(), name="y")
    source, result = (tensor(), kind) if output else (kind, tensor())
    made = Operation(type="identity", inputs={"x": ("x",)}, outputs=(NamedType(name="y", type=result),))
    function = Function(
        name="main",
        inputs=(NamedType(name="x", type=source),),
        opset="CoreML7",
        block=Block(inputs=(), outputs=("y",), operations=(made,)),
    )
    feature = replace(feature, name="y" if output else "x")
    states = (feature,) if feature.kind == "state" else ()
    inputs = (x,) if output else () if states else (feature,)
    check_interface(Interface(inputs=inputs, outputs=(feature if output else y,), states=states), function)


def array(*shape: int, **more: object) -> Feature:
    return replace(Feature(name="", kind="multiarray", dtype="float32", shape=shape), **more)  # type: ignore[arg-type]


def image(colorspace: str, height: int = 8, width: int = 6) -> Feature:
    return Feature(name="", kind="image", image=ImageType(colorspace=colorspace, height=height, width=width))


@pytest.mark.parametrize(
    ("feature", "kind"),
    [
        (array(2, 3), tensor(2, 3)),
        (array(2, 3), tensor(None, 3)),
        (array(2, 3), TensorType(dtype="float32", shape=None)),
        (array(1), tensor()),
        (array(), tensor()),
        (array(1, 1), tensor()),
        (array(2, 3, enumerated=((2, 3), (4, 3))), tensor(None, 3)),
        (Feature(name="", kind="state", dtype="float32", shape=(2,)), StateType(wrapped=tensor(2))),
        (image("RGB"), tensor(1, 3, 8, 6)),
        (image("GRAYSCALE_FLOAT16"), tensor(1, 1, 8, 6)),
        (image("BGR"), tensor(1, 3, None, 6)),
        (replace(image("BGR"), ranges=(SizeRange(lower=1, upper=None),) * 2), tensor(1, 3, None, None)),
        (image("BGR"), TensorType(dtype="float32", shape=None)),
        (image("GRAYSCALE"), TensorType(dtype="uint8", shape=(1, 1, 8, 6))),
        (replace(image("BGR"), enumerated=((8, 6), (4, 4))), tensor(1, 3, None, None)),
        (Feature(name="", kind="string"), STRING),
    ],
)
def test_descriptions_that_fit(feature: Feature, kind: Type) -> None:
    check(feature, kind)


@pytest.mark.parametrize(
    ("feature", "kind", "reason"),
    [
        (array(2, 3), tensor(2, 4), r"of shape \[2, 3\], and is of shape \[2, 4\]"),
        (array(2), tensor(2, 1), r"of shape \[2\]"),
        (array(), tensor(2), r"of shape \[\], and is of shape \[2\]"),
        (array(3), tensor(), r"of shape \[3\], and is of shape \[\]"),
        (array(2, 3, enumerated=((2, 3), (4, 4))), tensor(None, 3), r"of shape \[4, 4\], and is of shape \['\?', 3\]"),
        (array(2), StateType(wrapped=tensor(2)), "as multiarray float32, and is a state of type float32"),
        (array(2), DictionaryType(key=STRING, value=tensor()), "as multiarray float32, and is a DictionaryType"),
        (array(2), STRING, "as multiarray float32, and is a tensor of type string"),
        (array(2, dtype="float16"), tensor(2), "as multiarray float16, and is a tensor of type float32"),
        (array(2), ListType(element=tensor(2), length=1), "as multiarray float32, and is a ListType"),
        (Feature(name="", kind="state", dtype="float16", shape=(2,)), StateType(wrapped=tensor(2)), "state float16"),
        (Feature(name="", kind="string"), TensorType(dtype="string", shape=(2,)), "as string"),
        (Feature(name="", kind="int64"), tensor(), "as int64, and is a tensor of type float32"),
        (Feature(name="", kind="double"), INT64, "as double, and is a tensor of type int64"),
        (image("RGB"), TensorType(dtype="int32", shape=(1, 3, 8, 6)), "as image, and is a tensor of type int32"),
        (replace(image("BGR"), enumerated=((8, 6), (4, 4))), tensor(1, 3, 8, None), "image of 8 by 6"),
        (Feature(name="", kind="string"), tensor(), "as string, and is a tensor of type float32"),
        (Feature(name="", kind="state", dtype="float32", shape=(3,)), StateType(wrapped=tensor(2)), r"of shape \[3\]"),
        (
            Feature(name="", kind="state", dtype="float32", shape=(2,)),
            tensor(2),
            "as state float32, and is a tensor of type float32",
        ),
        (SCORES, tensor(2), "as dictionary string, and is a tensor of type float32"),
        (image("RGB"), tensor(1, 1, 8, 6), r"image of 8 by 6, RGB, and is of shape \[1, 1, 8, 6\]"),
        (image("GRAYSCALE"), tensor(1, 3, 8, 6), "image of 8 by 6, GRAYSCALE"),
        (image("RGB"), tensor(2, 3, 8, 6), "image of"),
        (image("RGB"), tensor(1, 3, 6, 8), "image of"),
        (image("RGB"), tensor(3, 8, 6), "image of"),
        (image("RGB"), tensor(), "image of"),
        (image("RGB"), tensor(1, 3, 8, 6, 1), "image of"),
    ],
)
def test_descriptions_of_something_else(feature: Feature, kind: Type, reason: str) -> None:
    with pytest.raises(FaultError, match=reason) as caught:
        check(feature, kind)
    assert caught.value.code == "E-MODEL-FORMAT"
    assert caught.value.places == ["input x"]


@pytest.mark.parametrize(
    ("feature", "kind"),
    [
        (array(), tensor(None)),
        (array(5), tensor(2)),
        (SCORES, DictionaryType(key=STRING, value=tensor())),
        (replace(SCORES, keys="int64"), DictionaryType(key=INT64, value=TensorType(dtype="float64", shape=()))),
        (Feature(name="", kind="int64"), INT64),
        (Feature(name="", kind="double"), tensor()),
    ],
)
def test_outputs(feature: Feature, kind: Type) -> None:
    check(feature, kind, output=True)


@pytest.mark.parametrize(
    ("feature", "kind"),
    [
        (SCORES, tensor(2)),
        (SCORES, DictionaryType(key=INT64, value=tensor())),
        (SCORES, DictionaryType(key=STRING, value=tensor(2))),
        (SCORES, DictionaryType(key=STRING, value=STRING)),
        (SCORES, DictionaryType(key=STRING, value=ListType(element=STRING, length=1))),
        (array(), DictionaryType(key=STRING, value=tensor())),
    ],
)
def test_outputs_of_something_else(feature: Feature, kind: Type) -> None:
    with pytest.raises(FaultError, match="it is described as") as caught:
        check(feature, kind, output=True)
    assert caught.value.places == ["output y"]


def test_names() -> None:
    function = Function(
        name="main",
        inputs=(NamedType(name="x", type=tensor()),),
        opset="CoreML7",
        block=Block(inputs=(), outputs=("x",), operations=()),
    )
    x = replace(array(), name="x")
    check_interface(Interface(inputs=(x,), outputs=(x,), predicted_feature="x", predicted_probabilities="x"), function)
    for predicted in ({"predicted_feature": "z"}, {"predicted_probabilities": "z"}):
        with pytest.raises(FaultError, match="described as z, which is no output"):
            check_interface(Interface(inputs=(x,), outputs=(x,), **predicted), function)
    for inputs, outputs, reason in (
        ((), (x,), "inputs are not those that are described: x"),
        ((x,), (), "outputs are not those that are described: x"),
        ((x, x), (x,), "inputs are not those that are described: x"),
        ((x,), (x, replace(x, name="z")), "outputs are not those that are described: z"),
        ((x,), (x, x), "outputs are not those that are described: x"),
    ):
        with pytest.raises(FaultError, match=reason):
            check_interface(Interface(inputs=inputs, outputs=outputs), function)
    twice = replace(function, block=replace(function.block, outputs=("x", "x")))
    check_interface(Interface(inputs=(x,), outputs=(x, x)), twice)
    for described in ((x,), (x, replace(x, description="other")), (x, x, x)):
        with pytest.raises(FaultError, match="outputs are not those that are described: x"):
            check_interface(Interface(inputs=(x,), outputs=described), twice)
