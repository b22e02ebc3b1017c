"""The C library, as `precast.h` declares it."""

import ctypes
import ctypes.util
import os
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

ABI_VERSION = 1


class Value(ctypes.Union):
    """`precast_value`."""

    _fields_ = [
        ("i32", ctypes.c_int32),
        ("i64", c_int64),
        ("f32", ctypes.c_float),
        ("f64", ctypes.c_double),
        ("v128", ctypes.c_uint8 * 16),
    ]


class Frame(ctypes.Structure):
    """`precast_frame`."""

    _fields_ = [
        ("module", c_char_p),
        ("name", c_char_p),
        ("function", c_uint32),
        ("offset", c_int64),
    ]


class Extern(ctypes.Structure):
    """`precast_extern`."""

    _fields_ = [("module", c_char_p), ("name", c_char_p), ("kind", c_int), ("type", c_char_p)]


# `precast_function`. Errors are plain numbers: ctypes makes no pointers of what
# callbacks return.
Function = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, POINTER(Value), POINTER(Value))


class Import(ctypes.Structure):
    """`precast_import`."""

    _fields_ = [
        ("module", c_char_p),
        ("name", c_char_p),
        ("function", Function),
        ("data", c_void_p),
    ]


_OUT = POINTER(c_void_p)

# The functions: what each returns and takes. An error is a pointer.
_FUNCTIONS = {
    "precast_abi_version": (c_uint32, []),
    "precast_error_get_kind": (c_int, [c_void_p]),
    "precast_error_message": (c_char_p, [c_void_p]),
    "precast_error_exit_code": (c_int, [c_void_p]),
    "precast_error_trap": (c_int, [c_void_p]),
    "precast_error_limit": (c_int, [c_void_p]),
    "precast_error_frame": (c_int, [c_void_p, c_size_t, POINTER(Frame)]),
    "precast_error_new": (c_void_p, [c_char_p]),
    "precast_error_delete": (None, [c_void_p]),
    "precast_wasi_new": (c_void_p, []),
    "precast_wasi_delete": (None, [c_void_p]),
    "precast_wasi_arg": (c_void_p, [c_void_p, c_char_p]),
    "precast_wasi_env": (c_void_p, [c_void_p, c_char_p, c_char_p]),
    "precast_wasi_inherit_stdio": (None, [c_void_p]),
    "precast_wasi_dir": (c_void_p, [c_void_p, c_char_p, c_char_p, c_int]),
    "precast_wasi_stdin": (c_void_p, [c_void_p, c_char_p, c_size_t]),
    "precast_wasi_capture": (c_void_p, [c_void_p, c_int, c_void_p]),
    "precast_capture_new": (c_void_p, []),
    "precast_capture_delete": (None, [c_void_p]),
    "precast_capture_read": (c_size_t, [c_void_p, c_void_p, c_size_t]),
    "precast_artifact_open": (c_void_p, [c_char_p, c_int, _OUT]),
    "precast_artifact_open_signed": (c_void_p, [c_char_p, c_char_p, c_size_t, _OUT]),
    "precast_artifact_from_bytes": (c_void_p, [c_char_p, c_size_t, _OUT]),
    "precast_artifact_delete": (None, [c_void_p]),
    "precast_artifact_import": (c_int, [c_void_p, c_size_t, POINTER(Extern)]),
    "precast_artifact_export": (c_int, [c_void_p, c_size_t, POINTER(Extern)]),
    "precast_artifact_instantiate": (
        c_void_p,
        [c_void_p, c_void_p, c_void_p, POINTER(Import), c_size_t, _OUT],
    ),
    "precast_pool_new": (
        c_void_p,
        [c_void_p, c_void_p, c_int, POINTER(Import), c_size_t, c_size_t, _OUT],
    ),
    "precast_pool_take": (c_void_p, [c_void_p, c_void_p, _OUT]),
    "precast_pool_delete": (None, [c_void_p]),
    "precast_fuel_set": (c_void_p, [c_void_p, c_uint64]),
    "precast_fuel_left": (c_int, [c_void_p, POINTER(c_uint64)]),
    "precast_limits_new": (c_void_p, []),
    "precast_limits_delete": (None, [c_void_p]),
    "precast_limits_set": (c_void_p, [c_void_p, c_int, c_uint64]),
    "precast_limit_reached": (c_int, [c_void_p]),
    "precast_instance_delete": (None, [c_void_p]),
    "precast_call": (
        c_void_p,
        [c_void_p, c_char_p, POINTER(Value), c_size_t, POINTER(Value), c_size_t],
    ),
    "precast_function_find": (c_void_p, [c_void_p, c_char_p, POINTER(c_size_t)]),
    "precast_function_call": (
        c_void_p,
        [c_void_p, c_size_t, POINTER(Value), c_size_t, POINTER(Value), c_size_t],
    ),
    "precast_run": (c_void_p, [c_void_p, POINTER(c_int)]),
    "precast_memory": (c_void_p, [c_void_p, c_char_p, POINTER(c_size_t)]),
    "precast_caller_memory": (c_void_p, [c_void_p, c_char_p, POINTER(c_size_t)]),
    "precast_interrupt_new": (c_void_p, [c_void_p, _OUT]),
    "precast_interrupt_delete": (None, [c_void_p]),
    "precast_interrupt_now": (None, [c_void_p]),
    "precast_interrupt_clear": (c_void_p, [c_void_p]),
}


def _load() -> ctypes.CDLL:
    own = os.path.join(os.path.dirname(__file__), "libprecast.so")
    path = os.environ.get("PRECAST_LIBRARY") or (own if os.path.exists(own) else None)
    path = path or ctypes.util.find_library("precast")
    if path is None:
        raise ImportError("libprecast.so was not found: name it in PRECAST_LIBRARY")
    library = ctypes.CDLL(path)
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    version = library.precast_abi_version()
    if version != ABI_VERSION:
        raise ImportError(f"{path} has the interface {version}, this package {ABI_VERSION}")
    return library


library = _load()
