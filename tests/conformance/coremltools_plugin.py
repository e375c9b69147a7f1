"""A pytest plugin for coremltools' own tests: runs a seeded sample of them on the emulator, writes down each case.

It is loaded in the interpreter that has coremltools, see `coremltools_tests`.
"""

import gc
import json
import random
import signal
import zlib
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from tests.conformance.coremltools_bridge import Trace, install
from tests.conformance.coremltools_tests import left_out

TRACE = Trace()
MOST_SECONDS = 600


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("emulator")
    group.addoption("--seed", type=int, default=0, help="of the sample's order")
    group.addoption("--want", type=int, default=10**6, help="stop after so many cases of float32 programs that count")
    group.addoption(
        "--want-float16", type=int, default=10**6, help="of float16 ones: further fp16 cases are passed over"
    )
    group.addoption("--part", default="0/1", help="this process' part of the sample, such as 0/2")
    group.addoption("--most-of-a-test", type=int, default=10**6, help="cases of one test function")
    group.addoption("--records", type=Path, required=True, help="the file to write, one JSON document")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Before coremltools' own conftest imports coremltools."""
    install(TRACE)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Sweep(config), "emulator-sweep")


class _Sweep:
    """The run of one sample."""

    def __init__(self, config: pytest.Config) -> None:
        self._option = config.getoption
        self._records: dict[str, dict[str, Any]] = {}
        self._reached: Counter[bool] = Counter()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """All cases that name a backend and make ML Programs, in the seed's order; `--want` says where to stop."""
        chosen = [item for item in items if "backend" in item.nodeid]
        random.Random(self._option("--seed")).shuffle(chosen)  # noqa: S311 - a sample, no secret
        chosen = [item for item in chosen if "neuralnetwork" not in item.nodeid]
        seen: Counter[str] = Counter()
        for item in chosen:
            seen[_test(item)] += 1
            item.stash[_NUMBER] = seen[_test(item)]
        chosen = [item for item in chosen if item.stash[_NUMBER] <= self._option("--most-of-a-test")]
        part, parts = map(int, self._option("--part").split("/"))
        items[:] = chosen[part::parts]

    def pytest_collection_finish(self) -> None:
        """Each conversion collects garbage: twenty thousand cases are not to be looked through every time."""
        gc.freeze()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Any:
        """The same random numbers for a case, whatever ran before it; and no case takes for ever."""
        TRACE.clear()
        _seed(zlib.crc32(item.nodeid.encode()))
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(MOST_SECONDS)
        try:
            return (yield)
        finally:
            signal.alarm(0)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if call.when == "call" or report.outcome != "passed":
            self._note(item, call, report.outcome)
        return report

    def _pass_over_float16(self, item: pytest.Item) -> None:
        """But for the case that comes next: pytest has prepared it."""
        left = item.session.items
        here = left.index(item) + 2
        left[here:] = [other for other in left[here:] if "fp16" not in other.nodeid]

    def _note(self, item: pytest.Item, call: pytest.CallInfo[None], outcome: str) -> None:
        self._records[item.nodeid] = record = {
            "outcome": outcome,
            "predicted": TRACE.predictions > 0,
            "float16": TRACE.float16,
            "random": any(operator.startswith("random_") for operator in TRACE.operators),
            "operators": sorted(TRACE.operators),
            "error": max(TRACE.errors, default=None),
            "failure": TRACE.failure,
            "why": "" if call.excinfo is None else f"{call.excinfo.typename}: {call.excinfo.value}"[:2000],
            "seconds": round(call.duration, 3),
        }
        if record["predicted"] and not left_out(item.nodeid, record):
            self._reached[bool(record["float16"])] += 1
            if self._reached[True] == self._option("--want-float16") and record["float16"]:
                self._pass_over_float16(item)
        if self._reached[False] >= self._option("--want"):
            item.session.shouldstop = "enough"

    def pytest_sessionfinish(self) -> None:
        self._option("--records").write_text(json.dumps(self._records, indent=1))


_NUMBER = pytest.StashKey[int]()


def _test(item: pytest.Item) -> str:
    return item.nodeid.split("[")[0]


def _seed(seed: int) -> None:
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"a case took more than {MOST_SECONDS} s")
