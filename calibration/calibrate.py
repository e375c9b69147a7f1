"""Statistics for a placement: watched on samples, or taken from a table and gone on with; kept when interrupted."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.calibration.observe.collect import Collector
from portproof.calibration.observe.table import Table, load
from portproof.calibration.place.placement import Placement
from portproof.calibration.rewrites import watched, watched_for_mixes
from portproof.calibration.samples import Samples

if TYPE_CHECKING:
    import onnx_ir as ir


def calibrate(
    model: "ir.Model",
    placement: Placement,
    samples: Samples,
    path: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    advance: Callable[[], None] = lambda: None,
    tables: Mapping[str, Table] | None = None,
    *,
    mixes: bool = False,
) -> Table:
    """The statistics of all values that a placement's ranges depend on, over all samples.

    Args:
        model: the prepared float model.
        placement: of it.
        samples: those that the table holds already are not run again.
        path: of a table: gone on with where it exists; written at the end, and also when it comes to an early end
            (Ctrl-C), so that the next run goes on from there.
        jobs: processes.
        advance: called once a sample.
        tables: by model, of what was watched of these samples already, for instance to try a rewrite; where `path`
            holds a table too, that alone counts.
        mixes: whether other placements are to be tried by them: all values that may carry a scale are watched then.

    Raises:
        PortproofError: ``E-CALIB-TABLE``: the table is of another model or another unit; ``E-CALIB-NAN``;
            ``E-OUTPUT``.
    """
    file = None if path is None else Path(path)
    given = load(file) if file is not None and file.exists() else None
    names = watched_for_mixes(model, placement) if mixes else watched(model, placement)
    collector = Collector(model, names, table=given)
    if given is None and tables:
        collector.take(tables)
    try:
        collector.add(samples, jobs=jobs, advance=advance)
    finally:
        if file is not None and collector.table.count:
            collector.table.save(file)
    return collector.table
