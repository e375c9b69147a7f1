"""Garbage is collected rarely while graphs are made that live until all units are placed."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_EVERY = 50_000
"""Objects made between two collections; Python's 700 look through young graphs a thousand times and find nothing."""


@contextmanager
def rarely_collected() -> Iterator[None]:
    """While the block runs; collections that are switched off stay off."""
    usual = gc.get_threshold()
    if usual[0]:
        gc.set_threshold(max(_EVERY, usual[0]), *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
