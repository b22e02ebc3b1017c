"""Runs WebAssembly modules that were compiled ahead of time by Precast.

| module | holds |
|-|-|
| `_c` | the C library, as `precast.h` declares it |
| `errors` | what goes wrong |
| `wasi` | what WASI programs are granted |
| `artifact` | artifacts, instances, calls |
| `compiler` | modules to artifacts, where `precast-cli` is installed |

Nothing here may be used by two threads at once but artifacts and interrupt
handles; different instances are independent.
"""

from .artifact import Artifact, Caller, Instance, Interrupt, Limits, Pool
from .compiler import CompileError, compile
from .errors import Error, Exit, Frame, HostError, LimitKind, LimitReached, LinkError, Trap
from .wasi import Wasi

__all__ = [
    "Artifact",
    "Caller",
    "CompileError",
    "Error",
    "Exit",
    "Frame",
    "HostError",
    "Instance",
    "Interrupt",
    "LimitKind",
    "LimitReached",
    "Limits",
    "LinkError",
    "Pool",
    "Trap",
    "Wasi",
    "compile",
]
