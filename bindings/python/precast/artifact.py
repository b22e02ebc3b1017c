"""Artifacts, instances, calls."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from ctypes import byref, c_int, c_size_t, c_void_p
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Union

from . import _c
from .errors import LimitKind, check, exception
from .wasi import Wasi

Number = Union[int, float, bytes]
"""A value of WebAssembly; `bytes` is a 128-bit vector."""
HostFunction = Callable[..., Any]
"""A function for modules to import: takes a `Caller` and a number for each
parameter, and returns None, a number, or a tuple of numbers."""

_FIELDS = {"i": "i32", "I": "i64", "f": "f32", "F": "f64"}
_MEMORY = 2


@dataclass
class Limits:
    """How much an instance may use; None is what the library does by default."""

    memory_bytes: int | None = None
    table_elements: int | None = None
    instances: int | None = None
    memories: int | None = None
    tables: int | None = None
    globals: int | None = None
    stack_bytes: int | None = None
    nested_calls: int | None = None
    exception_bytes: int | None = None
    output_bytes: int | None = None
    descriptors: int | None = None
    listing_bytes: int | None = None
    time: float | None = None
    """Seconds for each call, and for making the instance."""


class Artifact:
    """An artifact that is open. Several threads may use it at once."""

    def __init__(self, pointer: int) -> None:
        self._pointer = pointer
        self.imports = _externs(_c.library.precast_artifact_import, pointer)
        """What the module imports: module, name and type of each."""
        self.exports = {name: ty for _, name, ty in self._exports()}
        """What it exports, by name; a function's type is such as `iI>f`."""

    def _exports(self) -> list[tuple[str, str, str]]:
        return _externs(_c.library.precast_artifact_export, self._pointer)

    @classmethod
    def open(cls, path: str | Path, trusted: bool = False) -> Artifact:
        """Opens a file. It is native code: unless it is `trusted`, it is refused if
        anybody but this user and root could have written it."""
        out = c_void_p()
        check(_c.library.precast_artifact_open(str(path).encode(), int(trusted), byref(out)))
        return cls(_made(out))

    @classmethod
    def from_bytes(cls, code: bytes) -> Artifact:
        """Opens an artifact in memory, which the caller trusts."""
        out = c_void_p()
        check(_c.library.precast_artifact_from_bytes(code, len(code), byref(out)))
        return cls(_made(out))

    def instantiate(
        self,
        imports: Mapping[tuple[str, str], HostFunction] | None = None,
        limits: Limits | None = None,
        wasi: Wasi | None = None,
    ) -> Instance:
        """Makes an instance. What is not among the `imports` comes from WASI, if
        that is given; nothing else is reachable for the module."""
        return Instance(self, imports or {}, limits or Limits(), wasi)

    def __del__(self) -> None:
        if getattr(self, "_pointer", None):
            _c.library.precast_artifact_delete(self._pointer)


class Instance:
    """An instance of a module, with everything that belongs to it."""

    def __init__(
        self,
        artifact: Artifact,
        imports: Mapping[tuple[str, str], HostFunction],
        limits: Limits,
        wasi: Wasi | None,
    ) -> None:
        self.artifact = artifact
        self.wasi = wasi
        self._raised: BaseException | None = None
        self._functions: list[Any] = []
        array = (_c.Import * max(len(imports), 1))()
        types = {(module, name): ty for module, name, ty in artifact.imports}
        for place, ((module, name), function) in zip(array, imports.items()):
            callback = self._callback(function, types.get((module, name), ">"))
            self._functions.append(callback)
            place.module, place.name = module.encode(), name.encode()
            place.function, place.data = callback, None
        out = c_void_p()
        made = _limits(limits)
        try:
            granted = wasi.take() if wasi is not None else None
            self._check(
                _c.library.precast_artifact_instantiate(
                    artifact._pointer, made, granted, array, len(imports), byref(out)
                )
            )
        finally:
            _c.library.precast_limits_delete(made)
        self._pointer = _made(out)

    def call(self, name: str, *args: Number) -> Any:
        """Calls an exported function: None, a number, or a tuple of numbers."""
        ty = self.artifact.exports.get(name)
        if ty is None or ">" not in ty:
            raise AttributeError(f"the module exports no function `{name}`")
        params, results = ty.split(">")
        if len(args) != len(params):
            raise TypeError(f"`{name}` takes {len(params)} arguments, {len(args)} were given")
        values = (_c.Value * max(len(params), len(results), 1))()
        for place, letter, arg in zip(values, params, args):
            _write(place, letter, arg)
        self._check(
            _c.library.precast_call(
                self._pointer, name.encode(), values, len(params), values, len(results)
            )
        )
        return _numbers(values, results)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_") or name not in self.artifact.exports:
            raise AttributeError(f"the module exports no function `{name}`")
        return lambda *args: self.call(name, *args)

    def run(self) -> int:
        """Runs a WASI program to its end, or initialises a WASI library. The exit
        code."""
        code = c_int()
        self._check(_c.library.precast_run(self._pointer, byref(code)))
        return code.value

    def memory(self, name: str = "memory") -> memoryview:
        """The bytes of an exported memory, as they are: writing changes them. Calls
        may make the memory longer than the view."""
        size = c_size_t()
        address = _c.library.precast_memory(self._pointer, name.encode(), byref(size))
        return _view(address, size.value, name, self)

    def limit_reached(self) -> LimitKind | None:
        """The limit that was last reached without an exception, because the module
        was told: `memory.grow` gave -1."""
        kind = _c.library.precast_limit_reached(self._pointer)
        return LimitKind(kind) if kind else None

    def interrupt_handle(self) -> Interrupt:
        """A handle with which any thread can stop the instance."""
        out = c_void_p()
        check(_c.library.precast_interrupt_new(self._pointer, byref(out)))
        return Interrupt(_made(out))

    def clear_interrupt(self) -> None:
        """Lets an instance that was stopped be called again."""
        check(_c.library.precast_interrupt_clear(self._pointer))

    def _callback(self, function: HostFunction, ty: str) -> Any:
        params, results = ty.split(">") if ">" in ty else ("", "")

        def call(_data: int, caller: int, args: Any, out: Any) -> int | None:
            try:
                given = [_read(args[i], letter) for i, letter in enumerate(params)]
                returned = function(Caller(caller), *given)
                values = returned if isinstance(returned, tuple) else (returned,)
                values = () if returned is None else values
                if len(values) != len(results):
                    raise TypeError(f"{len(values)} results where {len(results)} are expected")
                for i, letter in enumerate(results):
                    _write(out[i], letter, values[i])
                return None
            except BaseException as raised:  # goes on where the module was called
                self._raised = raised
                return _c.library.precast_error_new(str(raised).encode())

        return _c.Function(call)

    def _check(self, error: int | None) -> None:
        raised, self._raised = self._raised, None
        if not error:
            return
        made = exception(error)
        if raised is not None:
            raise raised from made
        raise made

    def __del__(self) -> None:
        if self.__dict__.get("_pointer"):
            _c.library.precast_instance_delete(self._pointer)


class Caller:
    """The instance that calls a function of the host, for as long as the call."""

    def __init__(self, pointer: int) -> None:
        self._pointer = pointer

    def memory(self, name: str = "memory") -> memoryview:
        """The bytes of an exported memory. Not to be kept."""
        size = c_size_t()
        address = _c.library.precast_caller_memory(self._pointer, name.encode(), byref(size))
        return _view(address, size.value, name, None)


class Interrupt:
    """Stops an instance, from any thread, also in the middle of a loop."""

    def __init__(self, pointer: int) -> None:
        self._pointer = pointer

    def interrupt(self) -> None:
        """Ends the call that is in the instance with a trap, and all later ones."""
        _c.library.precast_interrupt_now(self._pointer)

    def __del__(self) -> None:
        _c.library.precast_interrupt_delete(self._pointer)


def _made(out: c_void_p) -> int:
    assert out.value is not None
    return out.value


def _externs(tell: Any, artifact: int) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    info = _c.Extern()
    while tell(artifact, len(found), byref(info)):
        texts = (info.module or b"", info.name, info.type)
        module, name, ty = (text.decode(errors="replace") for text in texts)
        found.append((module, name, ty if info.kind == 0 else ""))
    return found


def _limits(limits: Limits) -> int:
    made: int = _c.library.precast_limits_new()
    for field in fields(limits):
        value = getattr(limits, field.name)
        if value is None:
            continue
        kind = LimitKind[field.name.upper()]
        number = int(value * 1e9) if kind is LimitKind.TIME else value
        check(_c.library.precast_limits_set(made, kind, number))
    return made


def _view(address: int | None, size: int, name: str, owner: Instance | None) -> memoryview:
    if not address:
        raise AttributeError(f"the module exports no memory `{name}`")
    array = (ctypes.c_uint8 * size).from_address(address)
    array._owner = owner  # lives as long as the view
    return memoryview(array).cast("B")


def _numbers(values: Any, letters: str) -> Any:
    numbers = tuple(_read(values[i], letter) for i, letter in enumerate(letters))
    return {0: None, 1: numbers[0] if numbers else None}.get(len(numbers), numbers)


def _read(value: _c.Value, letter: str) -> Number:
    if letter == "v":
        return bytes(value.v128)
    number: Number = getattr(value, _FIELDS[letter])
    return number


def _write(value: _c.Value, letter: str, number: Any) -> None:
    if letter == "v":
        value.v128[:] = number
    elif letter in "iI":
        setattr(value, _FIELDS[letter], int(number))
    else:
        setattr(value, _FIELDS[letter], float(number))
