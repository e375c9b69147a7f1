"""The child's side of an isolated runner: loads one model, then runs it as often as it is told to."""

import json
import socket
from pathlib import Path
from typing import Any

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.options import RunOptions
from portproof.runtimes.registry import open_here
from portproof.runtimes.spec import Array, Runner, TensorSpec
from portproof.runtimes.wire import Channel


def serve(descriptor: str, path: str, options: str) -> None:
    """Answer the messages on a socket until its other end closes.

    Args:
        descriptor: number of the inherited socket.
        path: the model.
        options: `RunOptions` as JSON.
    """
    channel = Channel(socket.socket(fileno=int(descriptor)))
    try:
        runner = open_here(Path(path), RunOptions(**json.loads(options)))
    except Exception as error:
        channel.send(failure(error, path, "load"))
        return
    channel.send({"inputs": _plain(runner.inputs), "outputs": _plain(runner.outputs)})
    while True:
        try:
            _, arrays = channel.receive()
        except EOFError:
            return
        channel.send(*_answer(runner, path, arrays))


def _answer(runner: Runner, path: str, arrays: dict[str, Array]) -> tuple[dict[str, Any], dict[str, Array]]:
    try:
        return {}, runner.run(arrays)
    except Exception as error:
        return failure(error, path, "run"), {}


def failure(error: Exception, path: str, doing: str) -> dict[str, Any]:
    """Any exception as the messages the parent will raise."""
    if isinstance(error, PortproofError):
        return {"error": [message.as_dict() for message in error.messages]}
    # Not a defect of the model for sure, but in a child of its own all that can be said is what went wrong.
    text = f"{type(error).__name__}: {error}"
    what = f"{Path(path).name} failed to {doing}"
    return {"error": [{"code": "E-RUN", "what": what, "where": path, "why": text}]}


def _plain(specs: tuple[TensorSpec, ...]) -> list[dict[str, Any]]:
    return [{key: value for key, value in vars(spec).items() if key != "dims"} for spec in specs]
