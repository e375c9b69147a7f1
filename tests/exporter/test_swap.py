import errno
from pathlib import Path

import pytest

from portproof.exporter import swap


def folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "file").write_text(text)
    return path


def test_two_folders_change_places(tmp_path: Path) -> None:
    first, second = folder(tmp_path / "a", "first"), folder(tmp_path / "b", "second")
    assert swap.exchange(first, second)
    assert (first / "file").read_text() == "second"
    assert (second / "file").read_text() == "first"


def test_without_the_libc_wrapper_the_system_call_does_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = swap.ctypes.CDLL(None, use_errno=True)

    class OldLibc:
        syscall = real.syscall

    monkeypatch.setattr(swap.ctypes, "CDLL", lambda *_args, **_kwargs: OldLibc())
    first, second = folder(tmp_path / "a", "first"), folder(tmp_path / "b", "second")
    assert swap.exchange(first, second)
    assert (first / "file").read_text() == "second"


@pytest.mark.parametrize("status", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_without_it_is_said_not_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(swap, "_call", lambda *_paths: status)
    assert not swap.exchange(tmp_path / "a", tmp_path / "b")


def test_a_refusal_is_an_oserror_that_names_both(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        swap.exchange(folder(tmp_path / "a", "x"), tmp_path / "missing")
    assert caught.value.filename2 == str(tmp_path / "missing")
    assert (tmp_path / "a" / "file").exists()
