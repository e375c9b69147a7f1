"""Exchange two folders in one step, where the system can: renameat2 on Linux, renamex_np on macOS.

Python has no call for it. The flag values are those of linux/fs.h and of macOS's sys/stdio.h.
"""

import ctypes
import errno
import os
import platform
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # Linux
_RENAME_SWAP = 2  # macOS
_SYS_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "arm64": 276, "armv7l": 382, "riscv64": 276, "i686": 353}
_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


def exchange(first: Path, second: Path) -> bool:
    """Make `first` and `second` (both exist, on one file system) change places atomically.

    Returns:
        True when it was done, False when this system or file system cannot (nothing was changed).

    Raises:
        OSError: it has the operation, and refused (no permission, a mount point).
    """
    status = _call(os.fsencode(first), os.fsencode(second))
    if status == 0:
        return True
    if status in _CANNOT:
        return False
    raise OSError(status, os.strerror(status), str(first), None, str(second))


def _call(first: bytes, second: bytes) -> int:
    """0 or an errno."""
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        return _status(libc.renamex_np(first, second, _RENAME_SWAP))
    if not sys.platform.startswith("linux"):
        return errno.ENOSYS
    arguments = (_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE)
    if hasattr(libc, "renameat2"):  # glibc from 2.28, musl from 1.2.6
        return _status(libc.renameat2(*arguments))
    number = _SYS_RENAMEAT2.get(platform.machine())
    return errno.ENOSYS if number is None else _status(libc.syscall(number, *arguments))


def _status(result: int) -> int:
    return 0 if result == 0 else ctypes.get_errno()
