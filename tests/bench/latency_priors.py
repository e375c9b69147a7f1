"""A random search for the priors of the cost model: of rates, of what the roofline leaves, of what devices differ by.

    python -m tests.bench.latency_priors UNIT [--seconds 900] [--seed 0] [--folds=-1,0,1] [--out F] [--start F]

Scores unseen architectures of calibrated groups (folds -1: one architecture at a time) by the errors' median and mean
and by the groups' rank correlations, more for those about 0.98; and counts how far the priors move from those in the
code, which are held to be plausible. Found priors are printed when they are better, and written to F; they
become part of the code by hand, if they are still plausible, and better on folds that the search did not see.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path

import numpy as np
from tests.bench.predicted_latency import folds_of, survey

from portproof.device_profiles.cost import components, deviation, reference
from portproof.device_profiles.cost import cross_validation as cv

#: Standard deviation of a step, on the scale of a logarithm; the cost of moving by one.
STEP, MOVING = 0.35, 0.004


class Priors:
    """All priors of a unit as one dictionary of positive numbers."""

    def __init__(self, unit):
        self.unit, self.index = unit, components.UNITS.index(unit)
        self.settings, self.deviation = reference.SETTINGS[unit], deviation.PRIORS[unit]
        self.rates = dict(components.PRIORS)

    def read(self):
        """Those in the code; what is nothing there stays nothing."""
        found = {f"rate {term}": rates[self.index] for term, rates in self.rates.items() if rates[self.index] > 1e-8}
        for name, holder in (("setting", self.settings), ("deviation", self.deviation)):
            for field in dataclasses.fields(holder):
                value = getattr(holder, field.name)
                if isinstance(value, tuple):
                    found |= {f"{name} {field.name} {level}": each for level, each in enumerate(value)}
                elif isinstance(value, float) and value:
                    found[f"{name} {field.name}"] = value
        return found

    def install(self, values):
        """Makes `values` those of the code, in this process."""
        holders = {"setting": self.settings, "deviation": self.deviation}
        for name, holder in holders.items():
            changed = {}
            for field in dataclasses.fields(holder):
                old, key = getattr(holder, field.name), f"{name} {field.name}"
                if isinstance(old, tuple):
                    changed[field.name] = tuple(values[f"{key} {level}"] for level in range(len(old)))
                elif key in values:
                    changed[field.name] = values[key]
            holders[name] = dataclasses.replace(holder, **changed)
        reference.SETTINGS[self.unit], deviation.PRIORS[self.unit] = holders["setting"], holders["deviation"]
        for term, rates in self.rates.items():
            each = list(rates)
            each[self.index] = values.get(f"rate {term}", each[self.index])
            components.PRIORS[term] = tuple(each)


def loss(data, marks, folds, unit):
    """What is searched for the least of; and its parts: errors' median and mean, ranks' mean and shares about 0.98."""
    rows = cv.calibrated(data) & cv.unit_rows(data, unit)
    groups, figures = np.unique(data.group[rows]), []
    for fold in folds:
        predicted = cv.predict_held_out(data, marks, fold)
        error = np.abs(predicted - data.log_ms)[rows & np.isfinite(predicted)]
        ranks = np.array([_rank(data, predicted, rows & (data.group == group)) for group in groups])
        near = np.clip((ranks - 0.95) / 0.03, 0, 1)
        median = cv.quality(data, predicted, rows).median_ape
        figures.append(
            (median, np.minimum(error, 0.5).mean(), np.maximum(ranks, 0.8).mean(), near.mean(), (ranks >= 0.98).mean())
        )
    median, mean, rank, near, reached = np.mean(figures, axis=0)
    return mean + median + (1 - rank) + 0.3 * (1 - near) + 0.1 * (1 - reached), np.mean(figures, axis=0)


def _rank(data, predicted, at):
    at = at & np.isfinite(predicted)
    return cv.spearman(predicted[at], data.log_ms[at])


def search(priors, start, score, tries, seed):
    """Yields the loss, its figures and the priors, each time that a random step from the best is better.

    Args:
        priors: those in the code.
        start: those to begin with.
        score: the loss and its figures, of what is installed.
        tries: an iterable, which ends the search by ending.
        seed: of the steps.
    """
    rng, origin, best, least = np.random.default_rng(seed), priors.read(), dict(start), np.inf
    tried = dict(start)
    for _ in tries:
        priors.install(tried)
        try:
            value, figures = score()
            value += MOVING * sum(np.log(tried[key] / origin[key]) ** 2 for key in origin)
        except np.linalg.LinAlgError:  # priors that no fit can be made of
            value, figures = np.inf, ()
        if value < least:
            least, best = value, tried
            yield value, figures, best
        tried = dict(best)
        for key in rng.choice(sorted(tried), int(rng.integers(1, 7)), replace=False):
            tried[key] = float(tried[key] * np.exp(STEP * rng.normal()))


def _for(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("unit", choices=components.UNITS)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folds", default="-1,0,1")
    parser.add_argument("--out", default="")
    parser.add_argument("--start", default="", help="go on from what a search found")
    given = parser.parse_args()
    data, marks = survey()
    cv.UNITS = (given.unit,)  # the others' fits are not asked for
    folds, priors = [folds_of(data, int(seed)) for seed in given.folds.split(",")], Priors(given.unit)
    start = priors.read()
    if given.start:
        start |= json.loads(Path(given.start).read_text(encoding="utf-8"))
    steps = search(priors, start, lambda: loss(data, marks, folds, given.unit), _for(given.seconds), given.seed)
    for value, figures, found in steps:
        print(f"{value:.4f} ", *(f"{figure:.4f}" for figure in figures), flush=True)
        if given.out:
            Path(given.out).write_text(json.dumps(found, indent=1), encoding="utf-8")
    origin = priors.read()
    for key, value in found.items():
        if abs(np.log(value / origin[key])) > 0.02:
            print(f"{key}: {origin[key]:.4g} -> {value:.4g}")


if __name__ == "__main__":
    main()
