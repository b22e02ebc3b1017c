"""Compiles modules: starts the program `precast`, of the package `precast-cli`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from .errors import Error


class CompileError(Error):
    """A module cannot be compiled."""

    def __init__(self, message: str, offset: int | None = None, function: int | None = None):
        super().__init__(message)
        self.offset = offset
        """Where in the module, in bytes."""
        self.function = function
        """In which function, by its index."""


def compiler() -> str:
    """The program: what PRECAST_COMPILER names, else what is installed beside this
    Python, else what is in the path."""
    given = os.environ.get("PRECAST_COMPILER")
    beside = Path(sysconfig.get_path("scripts"), "precast")
    found = given or (str(beside) if beside.exists() else shutil.which("precast"))
    if found is None:
        raise CompileError("there is no precast: pip install precast[compiler]")
    return found


def compile(
    module: bytes | str | Path,
    *,
    target: str | None = None,
    cpu: str | None = None,
    options: Sequence[str] = (),
) -> bytes:
    """Compiles a module, given as its bytes or by its path, in the binary or in the
    text format, and gives the artifact: for `Artifact.from_bytes`, or to be written
    to a file. Without a target it is for this machine. `options` are those of
    `precast compile`, such as `-O3`."""
    command = [compiler(), "compile", "--message-format=json", "-o", "-", *options]
    command += [f"--target={target}"] if target else []
    command += [f"--cpu={cpu}"] if cpu else []
    text = None
    if isinstance(module, bytes):
        command.append("-")
        text = module
    else:
        command += ["--", str(module)]
    done = subprocess.run(
        command, input=text, stdin=None if text is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
    )
    if done.returncode == 0:
        return done.stdout
    plain = []
    for line in done.stderr.decode(errors="replace").splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            # What is wrong with the options is said as text.
            plain.append(line)
            continue
        if message.get("level") == "error":
            raise CompileError(message["message"], message.get("offset"), message.get("function"))
    raise CompileError("\n".join(plain) or f"precast ended with {done.returncode}")
