"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


class Line(click.types.StringParamType):
    """Text that may hold spaces; several of them in an environment variable are its lines."""

    envvar_list_splitter = "\n"


LINE = Line()


def source_options(function: Function) -> Function:
    """How a model is read and what it is run on."""
    options = (
        click.option(
            "--input",
            "inputs",
            multiple=True,
            metavar="NAME=1x3x224x224:float32",
            help="Declare an input's shape; a name keeps a size dynamic: x=N:1..8x3xHxW.",
        ),
        click.option(
            "--data",
            multiple=True,
            type=LINE,
            metavar="[SIGNATURE=]DATA",
            help="Inputs to prove parity on: a folder or file of .npz/.npy, an image folder "
            "(photos/?size=224&mean=...), or file.py:function that yields dicts.",
        ),
        click.option(
            "--image",
            "images",
            multiple=True,
            type=LINE,
            metavar="INPUT[?KEY=VALUE&...]",
            help="An input that is a picture, with the keys of image data: 'photo?mean=0.485,0.456,0.406&std=0.229,"
            "0.224,0.225'; an input is (pixel * scale - mean) / std. For image folders; an export also writes it into "
            "the TFLite file's metadata and the manifest.",
        ),
        click.option("--samples", default=4, show_default=True, help="Number of random inputs when there is no DATA."),
        click.option("--seed", default=0, show_default=True, help="Seed of random inputs and of a factory."),
        click.option("--allow-pickle", is_flag=True, help="Unpickle a model (this runs code from the file)."),
    )
    return _apply(function, options)


def gate_options(function: Function) -> Function:
    """What may differ."""
    options = (
        click.option("--atol", multiple=True, metavar="[OUTPUT:]1e-4", help="Absolute tolerance."),
        click.option("--rtol", multiple=True, metavar="[OUTPUT:]1e-3", help="Relative tolerance."),
        click.option(
            "--metric",
            "metrics",
            multiple=True,
            metavar="[OUTPUT:]sqnr_db>=30",
            help="A gate on a metric: max_abs, mean_abs, relative_l2, cosine, sqnr_db, top1.",
        ),
    )
    return _apply(function, options)


def profile_option(function: Function) -> Function:
    """Where profiles of one's own are."""
    option = click.option(
        "--profile",
        "profiles",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE|FOLDER",
        help="Device profiles of your own, looked in before all others; may be given again.",
    )
    return option(function)


def profile_options(function: Function) -> Function:
    """Where profiles of one's own are, and values that count for one run."""
    option = click.option(
        "--set",
        "overrides",
        multiple=True,
        type=LINE,
        metavar="KEY=VALUE",
        help="A value of the device's profile for this run: npu.sram_mib=2; may be given again.",
    )
    return profile_option(option(function))


def split_commas(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG001
    """A click callback: ``-t tflite,onnx -t x`` is three values."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def _apply(function: Function, options: tuple[Callable[[Function], Function], ...]) -> Function:
    for option in reversed(options):
        function = option(function)
    return function
