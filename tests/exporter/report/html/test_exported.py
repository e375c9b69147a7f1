"""The page of an export, from what `report.json` holds."""

from portproof.exporter.report.html.exported import agreement_lines, exported_page
from portproof.exporter.report.html.page import render
from portproof.exporter.report.parts import Finding
from portproof.exporter.report.report import (
    Agreement,
    FloatNode,
    LayerVerdict,
    OutputParity,
    Quantization,
    QuantizationStep,
    Report,
    Sqnr,
    StepsApart,
    TargetParity,
    Tolerance,
)

PARITY = OutputParity(
    name="y",
    passed=False,
    samples=4,
    elements=40,
    beyond=1,
    non_finite=0,
    max_abs=0.25,
    mean_abs=0.1,
    relative_l2=0.1,
    cosine=0.99,
    sqnr_db=20.5,
    top1=0.975,
    reference_max=1.0,
    worst=None,
    tolerance=Tolerance(atol=0.1, rtol=0.0, scaled=False, reason="asked"),
)
AGREEMENT = Agreement(
    samples=8,
    outputs={"y": StepsApart(values=1000, apart=300, within_one=0.7825, most=9)},
    layers=StepsApart(values=2_000_000, apart=14, within_one=1.0, most=1),
    compared_layers=65,
    worst_layer="c",
)
VERDICTS = [LayerVerdict(layer=name, kept=name == "c", before_db=1.0, after_db=2.0, why="") for name in "cd"]
QUANTIZATION = Quantization(
    signature_key="serving_default",
    recipe="fast",
    unit="litert-xnnpack",
    samples=10,
    held_back=2,
    ranges=(Sqnr(output="y", sqnr_db=18.0),),
    steps=(
        QuantizationStep(
            name="bias correction",
            before=(Sqnr(output="y", sqnr_db=18.0),),
            after=(Sqnr(output="y", sqnr_db=20.5),),
            layers=tuple(VERDICTS),
        ),
    ),
    written=(Sqnr(output="y", sqnr_db=20.5),),
    layers=2,
    integer_nodes=5,
    float_nodes=(FloatNode(node="s", operator="Softsign", where="net.py:3", why="no integer kernel"),),
    agreement=AGREEMENT,
)
GATE = Finding(code="E-GATE-PARITY", what="y is too far")
REPORT = Report(
    name="net",
    passed=False,
    source=None,
    devices=(),
    data=None,
    stages=(),
    functions=(),
    tflite_transpose_bytes=None,
    metrics=(),
    parity=(
        TargetParity(
            target="tflite",
            file="net.int8.tflite",
            signature_key="serving_default",
            runtime="LiteRT 2.3.0",
            passed=False,
            outputs=(PARITY,),
            failed_gates=(GATE,),
        ),
    ),
    messages=(Finding(code="W-CALIB-FEW", what="few samples"),),
    artifacts=(),
    quantization=(QUANTIZATION,),
)


def test_parity_integers_and_findings() -> None:
    page = exported_page(REPORT)
    assert (page.title, page.failed) == ("net", True)
    assert page.verdict == "1 file, a gate FAILED"
    sections = {section.title: section for section in page.sections}
    assert list(sections) == [
        "Parity with the source",
        "In integers: serving_default",
        "Steps, each kept only where it helps",
        "In float",
        "Findings",
        "Gates that were not met",
    ]
    (row,) = sections["Parity with the source"].rows
    assert row == ("net.int8.tflite", "LiteRT 2.3.0", "y", "NO", "20.5", "0.25", "97.50%")
    assert sections["Steps, each kept only where it helps"].rows == [("bias correction", "+2.50", 1, 1)]
    assert sections["In float"].rows == [("Softsign", 1, "no integer kernel")]
    assert sections["In integers: serving_default"].rows == [("y", "18", "20.5")]
    assert "E-GATE-PARITY" in render(page)


def test_agreement_is_said_whole_and_layer_by_layer() -> None:
    whole, layers = agreement_lines(AGREEMENT)
    assert "78.25% of y at most one step apart, 9 at most" in whole
    assert "each of 65 layers" in layers
    assert "14 of 2,000,000 values differ, by 1 at most" in layers
    left_out = AGREEMENT.model_copy(update={"layers": None, "left_out": "too many values"})
    assert list(agreement_lines(left_out))[1] == "layers were not compared one by one: too many values"


def test_what_passed_says_so() -> None:
    passed = REPORT.model_copy(update={"passed": True, "quantization": (), "messages": (), "parity": ()})
    page = exported_page(passed)
    assert (page.failed, page.verdict) == (False, "0 files, every gate met")
    assert [section.title for section in page.sections] == ["Parity with the source"]
