"""Puts libprecast.so into the package, so that it needs nothing else.

The library is the file that PRECAST_LIBRARY names; without it cargo builds one.
"""

import os
import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parents[2]


def library():
    given = os.environ.get("PRECAST_LIBRARY")
    if given:
        return Path(given)
    command = ["cargo", "build", "--release", "--package", "precast-capi"]
    subprocess.run(command, cwd=ROOT, check=True)
    return ROOT / "target/release/libprecast.so"


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        shutil.copy(library(), Path(self.build_lib, "precast/libprecast.so"))


class ForMachine(Distribution):
    def has_ext_modules(self):
        return True


class WheelForMachine(bdist_wheel):
    def get_tag(self):
        # Any Python, since ctypes calls the library; but this machine alone.
        return "py3", "none", super().get_tag()[2]


setup(
    distclass=ForMachine,
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": WheelForMachine},
)
