"""Trained networks on real data: every file keeps the score of the float32 model."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conformance.trained import FORMS, Trained, hits, worst_error

from portproof import runtimes
from portproof.runtimes.spec import to_file_layout, to_source_layout

# The loaders and what they load leave files open; that is not ours to fail on.
pytestmark = [pytest.mark.conformance, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(params=FORMS)
def trained(trained_models: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Trained]:
    return lambda name: Trained(name, trained_models, tmp_path, FORMS[request.param])


def within(net: Trained, pairs: list[Any]) -> str:
    """Asserts that the outputs are as near as the form asks for, or that a float16 package says what it keeps.

    Where the reference is further from itself than that, half of its own noise is allowed.
    """
    worst = worst_error(pairs)
    noise = 0.0 if worst <= net.form.bound else net.noise()
    assert worst <= max(net.form.bound, noise / 2) or net.kept, (worst, noise)
    said = f" (the reference to itself {noise:.1e})" if noise else ""
    return f"worst relative error {worst:.1e}{said}" + (f", in float32: {', '.join(net.kept)}" if net.kept else "")


def test_mobilenet_v2(trained: Callable[[str], Trained]) -> None:
    net = trained("mobilenet_v2")
    pairs = list(net.outputs())
    logits = [got[0][0] for got, _ in pairs]
    top1 = hits([row.argmax() for row in logits], net.loaded["labels"])
    top5 = hits([np.argsort(row)[-5:] for row in logits], net.loaded["labels"])
    print(f"\nmobilenet_v2: top-1 {top1}/82, top-5 {top5}/82, {within(net, pairs)}")
    assert (top1, top5, len(pairs)) == (62, 73, 82)


@pytest.mark.parametrize("name", ["mtcnn_rnet", "mtcnn_onet"])
def test_face_networks(name: str, trained: Callable[[str], Trained]) -> None:
    net = trained(name)
    pairs = list(net.outputs())
    faces = [next(item for item in got if item.shape[-1] == 2)[0].argmax() for got, _ in pairs]
    right = hits(faces, net.loaded["labels"])
    print(f"\n{name}: {right}/200, {within(net, pairs)}")
    assert right == 200


def test_fashion_cnn(trained: Callable[[str], Trained]) -> None:
    net = trained("fashion_cnn")
    pairs = list(net.outputs())
    classes = [got[0][0].argmax() for got, _ in pairs]
    reference = [want[0][0].argmax() for _, want in pairs]
    right, expected = hits(classes, net.loaded["labels"]), hits(reference, net.loaded["labels"])
    print(f"\nfashion_cnn: {right}/10000 (torch {expected}), {within(net, pairs)}")
    assert len(pairs) == 10000
    assert right >= expected == pytest.approx(8880, abs=10)


def test_ppocr_cls(trained: Callable[[str], Trained]) -> None:
    net = trained("ppocr_cls")
    pairs = list(net.outputs())
    right = hits([got[0][0].argmax() for got, _ in pairs], net.loaded["labels"])
    print(f"\nppocr_cls: {right}/68, {within(net, pairs)}")
    assert right == 67


def test_english_g2(trained: Callable[[str], Trained]) -> None:
    """Two bidirectional LSTMs behind a convolutional network; what counts are the words that are read."""
    net = trained("english_g2")
    pairs = list(net.outputs())
    decode, labels = net.loaded["decode"], net.loaded["labels"]
    right = sum(decode(got[0]) == label for (got, _), label in zip(pairs, labels, strict=True))
    print(f"\nenglish_g2: {right}/34 words, {within(net, pairs)}")
    assert right == len(pairs) == 34


def characters(path: Any) -> list[str]:
    """What the recogniser tells apart: nothing, the characters that its file lists, a space."""
    onnx = importlib.import_module("onnx")
    properties = {item.key: item.value for item in onnx.load(path).metadata_props}
    return ["", *properties["character"].splitlines(), " "]


def read_word(scores: np.ndarray, alphabet: list[str]) -> str:
    """Greedy CTC: the best of each step, repetitions once, blanks (0) not at all."""
    best = scores[0].argmax(-1)
    return "".join(alphabet[k] for at, k in enumerate(best) if k and (at == 0 or k != best[at - 1]))


def test_ppocr_rec(trained: Callable[[str], Trained]) -> None:
    net = trained("ppocr_rec")
    pairs = list(net.outputs())
    alphabet = characters(net.loaded["onnx"])
    words = [(read_word(got[0], alphabet), read_word(want[0], alphabet)) for got, want in pairs]
    right = sum(word == label for (word, _), label in zip(words, net.loaded["labels"], strict=True))
    print(f"\nppocr_rec: {right}/34 words, {within(net, pairs)}")
    assert all(word == expected for word, expected in words)
    assert right == len(pairs) == 34


def test_silero_vad_in_a_stream(trained: Callable[[str], Trained]) -> None:
    """The states that the file gives go into its next run: errors would add up over the frames."""
    net = trained("silero_vad")
    torch = importlib.import_module("torch")
    frames = net.loaded["all_inputs"]
    states, worst, decisions = [state.numpy() for state in frames[0][1:]], 0.0, 0
    with runtimes.open(net.path, isolated=False) as runner, torch.no_grad():
        for frame in frames:
            values = [frame[0].numpy(), *states]
            named = {spec.name: array for spec, array in zip(runner.inputs, values, strict=True)}
            got = runner.run({spec.name: to_file_layout(spec, named[spec.name]) for spec in runner.inputs})
            speech, *states = (to_source_layout(spec, got[spec.name]) for spec in runner.outputs)
            expected = net.loaded["model"](*frame)[0].numpy()
            worst = max(worst, float(np.abs(speech - expected).max()))
            decisions += int(((speech > 0.5) == (expected > 0.5)).all())
    print(f"\nsilero_vad: {decisions}/{len(frames)} decisions as torch's, worst error of a probability {worst:.1e}")
    assert decisions == len(frames)
    assert worst < max(1e-4, net.form.bound)


def neighbours_right(vectors: np.ndarray, labels: list[str], k: int = 5) -> int:
    """How many sentences have the category of most of their `k` nearest others; of equals the nearest one's."""
    near = vectors @ vectors.T
    np.fill_diagonal(near, -np.inf)
    votes = [[labels[at] for at in np.argsort(-row, kind="stable")[:k]] for row in near]
    return sum(max(vote, key=vote.count) == label for vote, label in zip(votes, labels, strict=True))


def test_minilm(trained: Callable[[str], Trained]) -> None:
    net = trained("minilm")
    pairs = list(net.outputs())
    vectors = [np.concatenate([side[0] for side in sides]) for sides in zip(*pairs, strict=True)]
    vectors = [item / np.linalg.norm(item, axis=1, keepdims=True) for item in vectors]
    right, expected = (neighbours_right(item, net.loaded["labels"]) for item in vectors)
    print(f"\nminilm: {right}/459 (torch {expected}), {within(net, pairs)}")
    assert right == expected == pytest.approx(0.861 * 459, abs=1)


@pytest.mark.parametrize("name", ["mtcnn_pnet", "crepe_tiny", "ppocr_det", "basic_pitch", "silero_vad"])
def test_parity(name: str, trained: Callable[[str], Trained]) -> None:
    net = trained(name)
    pairs = list(net.outputs())
    print(f"\n{name}: {len(pairs)} samples, {within(net, pairs)}")


def test_basic_pitch_agrees_with_its_authors_file(trained: Callable[[str], Trained]) -> None:
    net = trained("basic_pitch")
    with runtimes.open(net.loaded["tflite"], isolated=False) as theirs:
        for (got, _), sample in zip(net.outputs(), net.loaded["inputs"], strict=True):
            (array,) = sample.values()
            other = list(theirs.run({theirs.inputs[0].name: array}).values())
            for mine in got:
                alike = [np.abs(mine - item).max() for item in other if item.shape == mine.shape]
                assert min(alike) < max(1e-4, net.form.bound)
