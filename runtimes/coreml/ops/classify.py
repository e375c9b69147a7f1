"""classify: what makes a program a classifier."""

from typing import Any

import torch

from portproof.runtimes.coreml.registry import mil_op


@mil_op("classify", exact=True)
def classify(probabilities: torch.Tensor, classes: Any) -> tuple[Any, dict[Any, float]]:
    """The likeliest class (of equal ones the first), and the probability of each, in the order of the classes.

    A label is a string, or an int64 scalar; the dictionary has str or int keys.
    """
    if not isinstance(classes, list):
        raise TypeError(f"a list of classes is needed, not a {type(classes).__name__}")
    labels = [label if isinstance(label, str) else int(label) for label in classes]
    if len(labels) != probabilities.numel():
        raise ValueError(f"{len(labels)} classes for {probabilities.numel()} probabilities")
    values = probabilities.reshape(-1)
    best = labels[int(values.argmax())]
    label = best if isinstance(best, str) else torch.tensor(best, dtype=torch.int64)
    return label, dict(zip(labels, values.tolist(), strict=True))
