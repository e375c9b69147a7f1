from portproof.cli.described import described_text
from portproof.exporter.inspection.facts import Facts

PICTURE = {
    "name": "photo",
    "content": {"content_properties": ("ImageProperties", {"color_space": 1})},
    "process_units": [{"options": ("NormalizationOptions", {"mean": [127.5], "std": [58.5, 57.0, 57.5]})}],
}
PROB = {
    "name": "prob",
    "process_units": [{"options": ("ScoreThresholdingOptions", {"global_score_threshold": 0.25})}],
    "associated_files": [{"name": "labels.txt", "type": 2}],
}


def facts(described: object, files: dict[str, int] | None = None) -> Facts:
    return Facts(
        format="tflite", bytes=1, inputs=(), outputs=(), operators={}, parameters=0, weight_bytes=0, metadata={},
        described=described, files=files or {},
    )  # type: ignore[arg-type]  # fmt: skip


def test_what_is_said_of_inputs_and_outputs() -> None:
    plain = {"name": "prior", "content": {"content_properties": ("FeatureProperties", {})}}
    graph = {"name": "look", "input_tensor_metadata": [PICTURE, plain], "output_tensor_metadata": [PROB]}
    assert described_text(facts({"subgraph_metadata": [graph]}, {"labels.txt": 12})).splitlines() == [
        "TFLite Metadata:",
        "  look input photo: RGB picture; (pixel - 127.5) / [58.5, 57, 57.5]",
        "  look output prob: scores from 0.25; labels of its classes in labels.txt",
        "  file labels.txt: 12 bytes",
    ]


def test_other_peoples_files_may_say_little() -> None:
    assert described_text(facts(None)) == ""
    odd = {"subgraph_metadata": [{"input_tensor_metadata": [{"process_units": [{}], "associated_files": [{}]}]}]}
    assert described_text(facts(odd)).splitlines()[1:] == ["  input : file"]
