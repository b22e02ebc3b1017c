"""What goes wrong, as exceptions."""

from __future__ import annotations

import ctypes
import enum
from dataclasses import dataclass

from . import _c


class LimitKind(enum.IntEnum):
    """What can be limited; `precast_limit_kind`."""

    MEMORY_BYTES = 1
    TABLE_ELEMENTS = 2
    INSTANCES = 3
    MEMORIES = 4
    TABLES = 5
    GLOBALS = 6
    STACK_BYTES = 7
    NESTED_CALLS = 8
    EXCEPTION_BYTES = 9
    SUSPENDED_CALLS = 10
    OUTPUT_BYTES = 11
    DESCRIPTORS = 12
    LISTING_BYTES = 13
    TIME = 14
    ADDRESS_SPACE = 15
    TYPES = 16
    FUEL = 17


@dataclass(frozen=True)
class Frame:
    """A function of a module that was running."""

    module: str | None
    name: str | None
    function: int
    """Index in the module."""
    offset: int | None
    """Where it stood, in bytes from the start of the module."""


class Error(Exception):
    """Anything that goes wrong in Precast."""

    limit: LimitKind | None = None
    """The limit that was reached, if that is why."""
    frames: tuple[Frame, ...] = ()
    """The functions that were running, the innermost first."""


class LinkError(Error):
    """Imports are not provided."""


class Trap(Error):
    """The module trapped; the instance can be called again."""

    code: int = -1
    """The number of the trap."""


class LimitReached(Error):
    """A limit was reached."""


class HostError(Error):
    """A function of the host failed, in a way that Python does not know of."""


class Exit(Error):
    """The module asked to end."""

    code: int = 0


_CLASSES: dict[int, type[Error]] = {
    2: LinkError,
    3: Trap,
    5: Exit,
    6: HostError,
    7: LimitReached,
}
_USAGE = 8


def _text(text: bytes | None) -> str | None:
    return None if text is None else text.decode(errors="replace")


def exception(error: int) -> Exception:
    """The exception for an error of the library, which is freed."""
    library = _c.library
    try:
        message = _text(library.precast_error_message(error)) or ""
        kind = library.precast_error_get_kind(error)
        if kind == _USAGE:
            return TypeError(message)
        made = _CLASSES.get(kind, Error)(message)
        limit = library.precast_error_limit(error)
        made.limit = LimitKind(limit) if limit else None
        frames, frame = [], _c.Frame()
        while library.precast_error_frame(error, len(frames), ctypes.byref(frame)):
            offset = None if frame.offset < 0 else frame.offset
            frames.append(Frame(_text(frame.module), _text(frame.name), frame.function, offset))
        made.frames = tuple(frames)
        if isinstance(made, Trap):
            made.code = library.precast_error_trap(error)
        if isinstance(made, Exit):
            made.code = library.precast_error_exit_code(error)
        return made
    finally:
        library.precast_error_delete(error)


def check(error: int | None) -> None:
    """Raises the exception for an error, if there is one."""
    if error:
        raise exception(error)
