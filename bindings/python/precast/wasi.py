"""What WASI programs are granted."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import _c
from .errors import check


class Wasi:
    """Grants for one instance. Without arguments: nothing of the system, empty
    input, and output that is captured."""

    def __init__(
        self,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        inherit_stdio: bool = False,
        dirs: Mapping[str, str | Path] | None = None,
        read_only_dirs: Mapping[str, str | Path] | None = None,
    ) -> None:
        """Directories are given by the names under which the guest knows them."""
        library = _c.library
        self._outputs: list[_Capture] = []
        self._pointer: int | None = library.precast_wasi_new()
        for arg in args:
            check(library.precast_wasi_arg(self._pointer, arg.encode()))
        for name, value in (env or {}).items():
            check(library.precast_wasi_env(self._pointer, name.encode(), value.encode()))
        for granted, read_only in ((dirs, 0), (read_only_dirs, 1)):
            for guest, host in (granted or {}).items():
                host_name = str(host).encode()
                check(library.precast_wasi_dir(self._pointer, host_name, guest.encode(), read_only))
        if inherit_stdio:
            library.precast_wasi_inherit_stdio(self._pointer)
        else:
            self._outputs = [_Capture(), _Capture()]
            for stream, capture in enumerate(self._outputs, 1):
                check(library.precast_wasi_capture(self._pointer, stream, capture.pointer))
        if stdin is not None:
            check(library.precast_wasi_stdin(self._pointer, stdin, len(stdin)))

    def stdout(self) -> bytes:
        """What was written to standard output since the last call."""
        return self._outputs[0].read() if self._outputs else b""

    def stderr(self) -> bytes:
        """What was written to standard error since the last call."""
        return self._outputs[1].read() if self._outputs else b""

    def take(self) -> int:
        """Gives the grants to an instance; only one can have them."""
        if self._pointer is None:
            raise ValueError("these grants belong to an instance already")
        pointer, self._pointer = self._pointer, None
        return pointer

    def __del__(self) -> None:
        if getattr(self, "_pointer", None) is not None:
            _c.library.precast_wasi_delete(self._pointer)


class _Capture:
    """What a stream has written."""

    def __init__(self) -> None:
        self.pointer: int = _c.library.precast_capture_new()

    def read(self) -> bytes:
        size = _c.library.precast_capture_read(self.pointer, None, 0)
        buffer = ctypes.create_string_buffer(max(size, 1))
        size = _c.library.precast_capture_read(self.pointer, buffer, size)
        return buffer.raw[:size]

    def __del__(self) -> None:
        _c.library.precast_capture_delete(self.pointer)
