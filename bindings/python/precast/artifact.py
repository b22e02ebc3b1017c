"""Artifacts, instances, calls."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterable, Mapping
from ctypes import byref, c_int, c_size_t, c_uint64, c_void_p
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
    fuel: int | None = None
    """Units for all calls, of a module that was compiled with `--fuel`: one for each
    instruction that it executes."""


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
    def open_signed(cls, path: str | Path, keys: Iterable[bytes]) -> Artifact:
        """Opens a file that the owner of one of these keys has signed: Ed25519 public
        keys of 32 bytes, as `precast keygen` writes them in hexadecimal digits."""
        joined, out = list(keys), c_void_p()
        if any(len(key) != 32 for key in joined):
            raise ValueError("a public key has 32 bytes")
        keys_, count = b"".join(joined), len(joined)
        check(_c.library.precast_artifact_open_signed(str(path).encode(), keys_, count, byref(out)))
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
        functions, out = _Functions(self, imports or {}), c_void_p()
        made = _limits(limits or Limits())
        try:
            granted = wasi.take() if wasi is not None else None
            functions.check(
                _c.library.precast_artifact_instantiate(
                    self._pointer, made, granted, functions.array, functions.count, byref(out)
                )
            )
        finally:
            _c.library.precast_limits_delete(made)
        return Instance(self, functions, wasi, _made(out))

    def pool(
        self,
        imports: Mapping[tuple[str, str], HostFunction] | None = None,
        limits: Limits | None = None,
        with_wasi: bool = False,
        most_idle: int = 16,
    ) -> Pool:
        """Instances with the same imports and limits, which are used again when nobody
        has them any more. `with_wasi`: each is given a `Wasi` when it is taken."""
        functions, out = _Functions(self, imports or {}), c_void_p()
        made = _limits(limits or Limits())
        try:
            check(
                _c.library.precast_pool_new(
                    self._pointer,
                    made,
                    int(with_wasi),
                    functions.array,
                    functions.count,
                    most_idle,
                    byref(out),
                )
            )
        finally:
            _c.library.precast_limits_delete(made)
        return Pool(self, functions, _made(out))

    def __del__(self) -> None:
        if getattr(self, "_pointer", None):
            _c.library.precast_artifact_delete(self._pointer)


class Pool:
    """Instances that are used again, each as a new one. Several threads may use a pool
    at once."""

    def __init__(self, artifact: Artifact, functions: _Functions, pointer: int) -> None:
        self.artifact = artifact
        self._functions = functions
        self._pointer = pointer

    def take(self, wasi: Wasi | None = None) -> Instance:
        """An instance, which goes back when nobody has it any more."""
        out = c_void_p()
        granted = wasi.take() if wasi is not None else None
        self._functions.check(
            _c.library.precast_pool_take(self._pointer, granted, byref(out))
        )
        return Instance(self.artifact, self._functions, wasi, _made(out))

    def __del__(self) -> None:
        _c.library.precast_pool_delete(self._pointer)


class Instance:
    """An instance of a module, with everything that belongs to it. It is freed, or goes
    back to its pool, when nobody has it or a view of its memory any more."""

    def __init__(
        self, artifact: Artifact, functions: _Functions, wasi: Wasi | None, pointer: int
    ) -> None:
        self.artifact = artifact
        self.wasi = wasi
        self._functions = functions
        self._check = functions.check
        self._pointer = pointer
        self._found: dict[str, tuple[int, str, str]] = {}

    def call(self, name: str, *args: Number) -> Any:
        """Calls an exported function: None, a number, or a tuple of numbers."""
        number, params, results = self._found.get(name) or self._find(name)
        if len(args) != len(params):
            raise TypeError(f"`{name}` takes {len(params)} arguments, {len(args)} were given")
        values = (_c.Value * max(len(params), len(results), 1))()
        for place, letter, arg in zip(values, params, args):
            _write(place, letter, arg)
        self._check(
            _c.library.precast_function_call(
                self._pointer, number, values, len(params), values, len(results)
            )
        )
        return _numbers(values, results)

    def _find(self, name: str) -> tuple[int, str, str]:
        """The number, parameters and results of an exported function."""
        ty = self.artifact.exports.get(name)
        if ty is None or ">" not in ty:
            raise AttributeError(f"the module exports no function `{name}`")
        number = c_size_t()
        self._check(
            _c.library.precast_function_find(self._pointer, name.encode(), byref(number))
        )
        params, results = ty.split(">")
        self._found[name] = (number.value, params, results)
        return self._found[name]

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

    @property
    def fuel(self) -> int | None:
        """What is left of the fuel; None if that is not limited."""
        left = c_uint64()
        limited = _c.library.precast_fuel_left(self._pointer, byref(left))
        return left.value if limited else None

    @fuel.setter
    def fuel(self, units: int) -> None:
        check(_c.library.precast_fuel_set(self._pointer, units))

    def __del__(self) -> None:
        if self.__dict__.get("_pointer"):
            _c.library.precast_instance_delete(self._pointer)


class _Functions:
    """Functions of the host, as the library calls them."""

    def __init__(
        self, artifact: Artifact, imports: Mapping[tuple[str, str], HostFunction]
    ) -> None:
        # What they raised, by thread: calls of several instances may share them.
        self._raised = threading.local()
        self.count = len(imports)
        self.array = (_c.Import * max(self.count, 1))()
        self._callbacks: list[Any] = []
        types = {(module, name): ty for module, name, ty in artifact.imports}
        for place, ((module, name), function) in zip(self.array, imports.items()):
            callback = self._callback(function, types.get((module, name), ">"))
            self._callbacks.append(callback)
            place.module, place.name = module.encode(), name.encode()
            place.function, place.data = callback, None

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
                self._raised.error = raised
                return _c.library.precast_error_new(str(raised).encode())

        return _c.Function(call)

    def check(self, error: int | None) -> None:
        """Raises an error of the library, or what a function raised that led to it."""
        raised = getattr(self._raised, "error", None)
        self._raised.error = None
        if not error:
            return
        made = exception(error)
        if raised is not None:
            raise raised from made
        raise made


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
