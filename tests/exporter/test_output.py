import errno
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import output
from portproof.exporter.output import staged


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text)
    rows = [{"path": name} for name in sorted(texts)]
    (folder / "manifest.json").write_text(json.dumps({"files": rows}))


def finish(out: Path, **texts: str) -> None:
    with staged(out) as stage:
        write(stage, **texts)


def fail(out: Path, error: Exception) -> None:
    with staged(out) as stage:
        write(stage, model="new")
        raise error


def fill_the_disk(out: Path) -> None:
    with staged(out) as stage:
        write(stage, model="half")
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"x")


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def test_a_new_result_appears_with_its_parents(tmp_path: Path) -> None:
    out = tmp_path / "build" / "net"
    with staged(out) as stage:
        write(stage, model="weights")
        assert not out.exists()
        assert stage.parent == out.parent
    assert (out / "model").read_text() == "weights"
    assert hidden(out.parent) == []


def test_the_new_result_replaces_the_whole_old_one(tmp_path: Path) -> None:
    finish(tmp_path / "net", old="1", both="1")
    finish(tmp_path / "net", new="2", both="2")
    assert sorted(os.listdir(tmp_path / "net")) == ["both", "manifest.json", "new"]
    assert hidden(tmp_path) == []


def test_an_error_leaves_the_old_result_and_no_trace(tmp_path: Path) -> None:
    finish(tmp_path / "net", model="old")
    with pytest.raises(ZeroDivisionError):
        fail(tmp_path / "net", ZeroDivisionError())
    assert (tmp_path / "net" / "model").read_text() == "old"
    assert hidden(tmp_path) == []


def test_an_error_takes_back_the_parents_it_made(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "a" / "b" / "net"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_the_folder_stays_a_link(tmp_path: Path) -> None:
    finish(tmp_path / "real", model="old")
    (tmp_path / "link").symlink_to("real")
    finish(tmp_path / "link", model="new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "model").read_text() == "new"


def test_files_of_others_are_never_replaced(tmp_path: Path) -> None:
    finish(tmp_path / "net", model="old")
    (tmp_path / "net" / "notes.txt").write_text("mine")
    with pytest.raises(PortproofError, match=r"notes\.txt") as caught, staged(tmp_path / "net"):
        pass
    assert caught.value.code == "E-OUTPUT"
    assert (tmp_path / "net" / "notes.txt").read_text() == "mine"


def test_a_folder_without_a_manifest_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    for count in range(7):
        (tmp_path / "home" / f"file{count}").touch()
    with pytest.raises(PortproofError, match="file4 and 2 more"), staged(tmp_path / "home"):
        pass


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    finish(tmp_path / "net", model="new")
    assert (tmp_path / "net" / "model").exists()


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net").write_text("a file")
    with pytest.raises(PortproofError, match="taken by a file"), staged(tmp_path / "net"):
        pass
    with pytest.raises(PortproofError) as caught, staged(tmp_path / "net" / "below"):
        pass
    assert (caught.value.code, caught.value.exit_status) == ("E-OUTPUT", 2)
    assert (tmp_path / "net").read_text() == "a file"


def test_a_place_where_nothing_can_be_made_is_refused() -> None:
    with pytest.raises(PortproofError, match="cannot be written"), staged("/proc/self/portproof"):
        pass


def test_a_mount_point_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    monkeypatch.setattr(output.os.path, "ismount", lambda path: Path(path).name == "net")
    with pytest.raises(PortproofError, match="mount point") as caught, staged(tmp_path / "net"):
        pass
    assert "-o" in caught.value.messages[0].hint


def test_a_full_disk_keeps_the_old_result(tmp_path: Path) -> None:
    finish(tmp_path / "net", model="old")
    with pytest.raises(PortproofError, match="disk is full") as caught:
        fill_the_disk(tmp_path / "net")
    assert caught.value.code == "E-OUTPUT"
    assert (tmp_path / "net" / "model").read_text() == "old"
    assert hidden(tmp_path) == []


def test_a_file_larger_than_the_limit_counts_as_full(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(PortproofError, match="disk is full"), staged(tmp_path / "net") as stage:
            write(stage, model="x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_the_callers_own_oserrors_pass(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), staged(tmp_path / "net"):
        (tmp_path / "data.npz").read_bytes()


def test_a_file_system_that_cannot_exchange_still_ends_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "exchange", lambda *_paths: False)
    finish(tmp_path / "net", model="old")
    finish(tmp_path / "net", model="new")
    assert (tmp_path / "net" / "model").read_text() == "new"
    assert hidden(tmp_path) == []


def test_a_failed_second_rename_puts_the_old_result_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish(tmp_path / "net", model="old")
    rename, calls = Path.rename, []

    def second_fails(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == 2:
            raise OSError(errno.EIO, "broken", str(path))
        return rename(path, target)

    monkeypatch.setattr(output, "exchange", lambda *_paths: False)
    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(PortproofError, match="cannot be written"):
        finish(tmp_path / "net", model="new")
    assert len(calls) == 3
    assert (tmp_path / "net" / "model").read_text() == "old"
    assert hidden(tmp_path) == []


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_leftovers_of_dead_runs_are_removed_and_told(tmp_path: Path) -> None:
    left = tmp_path / f".net.{dead_pid()}.tmp"
    left.mkdir()
    (left / "half").touch()
    told: list[Message] = []
    with staged(tmp_path / "net", told.append) as stage:
        write(stage, model="new")
    assert [message.code for message in told] == ["W-STATE"]
    assert hidden(tmp_path) == []


def test_an_old_result_set_aside_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    finish(tmp_path / "net", model="old")
    (tmp_path / "net").rename(tmp_path / f".net.{dead_pid()}.old")
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "net"):
        raise ZeroDivisionError
    assert (tmp_path / "net" / "model").read_text() == "old"
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("name", [".net.{pid}.tmp", ".net.words.tmp", ".net.{pid}.txt", ".network.{dead}.tmp"])
def test_folders_of_live_runs_and_of_others_are_left(tmp_path: Path, name: str) -> None:
    parent = os.getppid()
    other = tmp_path / name.format(pid=parent, dead=dead_pid())
    other.mkdir()
    finish(tmp_path / "net", model="new")
    assert other.exists()


def test_two_runs_of_one_process_do_not_meet(tmp_path: Path) -> None:
    with staged(tmp_path / "net") as first:
        finish(tmp_path / "net", model="second")
        assert first.exists()
        write(first, model="first")
    assert (tmp_path / "net" / "model").read_text() == "first"
    assert hidden(tmp_path) == []


def test_odd_names_are_not_patterns(tmp_path: Path) -> None:
    for name in ("n[e]t*", "my net"):
        left = tmp_path / f".{name}.{dead_pid()}.tmp"
        left.mkdir()
        finish(tmp_path / name, model="new")
        assert not left.exists()
