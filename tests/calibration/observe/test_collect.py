from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from nets import Samples, conv_net, images

from portproof.calibration.observe import histogram
from portproof.calibration.observe.collect import Collector
from portproof.calibration.observe.table import Table
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.spec import Array

NAMES = ("x", "r", "y")


def bytes_of(table: Table, folder: Path) -> bytes:
    table.save(folder / "t.npz")
    return (folder / "t.npz").read_bytes()


def collected(samples: Samples, **options: int) -> Table:
    collector = Collector(conv_net(), NAMES)
    collector.add(samples, **options)  # type: ignore[arg-type]
    return collector.table


def test_histograms_are_those_of_the_values() -> None:
    data = images(4)
    found = collected(data)
    whole = np.concatenate([sample["x"] for sample in data])
    assert np.array_equal(found.histograms["x"].counts, histogram.of(whole).counts)
    assert found.histograms["r"].low == 0.0
    assert found.count == 4


def test_shards_processes_and_order_change_no_bit(tmp_path: Path) -> None:
    data = images(19)
    whole = bytes_of(collected(data), tmp_path)
    parts = collected(data[:7]).merged(collected(data[7:]))
    assert bytes_of(parts, tmp_path) == whole
    assert bytes_of(collected(data[::-1], jobs=2), tmp_path) == whole


def test_a_table_is_gone_on_with_and_seen_samples_are_not_run_again() -> None:
    data, ticks = images(5), []
    collector = Collector(conv_net(), NAMES, table=collected(data[:3]))
    collector.add(data, advance=lambda: ticks.append(1))
    assert len(ticks) == 5
    assert collector.table.samples == collected(data).samples
    assert np.array_equal(collector.table.histograms["y"].counts, collected(data).histograms["y"].counts)


def test_of_several_models_tables_that_of_the_very_model_is_gone_on_with() -> None:
    data = images(5)
    other = Collector(conv_net(seed=1), NAMES)
    other.add(data)
    collector = Collector(conv_net(), NAMES)
    collector.take({each.model: each for each in (other.table, collected(data[:3]))})
    assert collector.table.count == 3
    collector.add(data)
    assert collector.table.samples == collected(data).samples
    assert np.array_equal(collector.table.histograms["y"].counts, collected(data).histograms["y"].counts)
    alone = Collector(conv_net(), NAMES)
    alone.take({other.table.model: other.table})
    assert alone.table.count == 0


def test_an_interruption_leaves_the_samples_seen_so_far() -> None:
    def interrupted() -> Iterator[dict[str, Array]]:
        yield from images(3)
        raise KeyboardInterrupt

    collector = Collector(conv_net(), NAMES)
    with pytest.raises(KeyboardInterrupt):
        collector.add(interrupted())
    assert collector.table.samples == collected(images(3)).samples


def test_a_table_of_another_model_or_of_other_values_is_refused() -> None:
    other = Collector(conv_net(seed=1), NAMES).table
    fewer = Collector(conv_net(), ("x",)).table
    for table in (other, fewer):
        with pytest.raises(PortproofError) as raised:
            Collector(conv_net(), NAMES, table=table)
        assert raised.value.code == "E-CALIB-TABLE"


def test_what_is_not_finite_is_named() -> None:
    model = ir.from_onnx_text("""
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,3,8,8] x) => (float[1,3,8,8] y) { y = Log(x) }
""")
    with pytest.raises(PortproofError, match="'y' is NaN or infinite") as raised:
        Collector(model, ("y",)).add(images(1))
    assert raised.value.code == "E-CALIB-NAN"
