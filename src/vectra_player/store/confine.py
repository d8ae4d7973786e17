"""Take a process's rights away before it runs a statement somebody else wrote.

Resource limits hold everywhere; Landlock (Linux 5.13 and later) additionally leaves the process
only the right to read a few directories, whatever code runs in it. Called by
`store.query_process` in its child and by nobody else: none of it can be undone.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System call numbers, the same on every Linux architecture (landlock(7))."""

_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_FILE_RIGHTS_V1 = (1 << 13) - 1
"""Every file-system right of Landlock's first version: read, write, make, remove, execute."""

_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_O_PATH = 0o10000000


_PASSED = frozenset({"PATH", "HOME", "LANG", "TZ", "TZDIR", "TMPDIR", "LD_LIBRARY_PATH"})
_PASSED_PREFIXES = ("LC_", "PYTHON")


def limit_resources(data_bytes: int, cpu_s: int) -> None:
    """Bound memory and CPU time, and let no regular file grow: not one byte can be written."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes, data_bytes))


def bare_environment() -> dict[str, str]:
    """Return what of this process's environment an interpreter needs: nothing that opens anything.

    Which variables hold a secret cannot be known, so those that pass are named.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED or name.startswith(_PASSED_PREFIXES)
    }


_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/localtime")
_MACHINE = ("/proc/self/cgroup", "/sys/fs/cgroup", "/sys/devices/system/cpu")
"""Where DuckDB reads how many processors and how much memory there are; it asks on opening."""


def library_directories() -> list[Path]:
    """Return where the interpreter's files lie, whose modules load late, and the machine's."""
    candidates = [sys.prefix, sys.base_prefix, *_LIBRARIES, *_MACHINE]
    candidates += [entry for entry in sys.path if entry]
    return [Path(entry) for entry in dict.fromkeys(candidates) if Path(entry).exists()]


def allow_reading_only(directories: Iterable[Path]) -> bool:
    """Forbid every file access but reading beneath `directories`; False where the kernel cannot."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = struct.pack("Q", _FILE_RIGHTS_V1)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    try:
        for directory in directories:
            _allow_read(libc, ruleset, directory)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow_read(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    rights = _READ_FILE | (_READ_DIR | _EXECUTE if path.is_dir() else 0)
    descriptor = os.open(path, _O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
