"""Living beside others in one process: fork, faulthandler, seccomp. Each in a process
of its own, since what it changes stays."""

import platform
import subprocess
import sys

import pytest

PREAMBLE = """
import os, sys
import precast
artifact = precast.Artifact.open(os.environ["PRECAST_PLUGIN"], trusted=True)
limits = precast.Limits(memory_bytes=10 << 20, stack_bytes=256 << 10, time=0.15)
imports = {("host", "log"): lambda *_: None}
pool = artifact.pool(imports, limits=limits)

def use(instance):
    for export, limit in [("trap", None), ("recurse", 7), ("spin", 14), ("trap", None)]:
        try:
            instance.call(export)
        except precast.Trap as trap:
            assert trap.limit == limit, (export, trap)
        else:
            raise AssertionError(export)
        at = instance.alloc(3)
        instance.memory()[at : at + 3] = b"abc"
        length = instance.transform(at, 3)
        assert bytes(instance.memory()[at : at + length]) == b"ABC"
"""


def run(program):
    command = [sys.executable, "-X", "dev", "-c", PREAMBLE + program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Fatal Python error" not in done.stderr, done.stderr


def test_a_child_goes_on_with_what_its_parent_had():
    # The parent's thread for deadlines is not in the child.
    run("""
before = pool.take()
use(before)
for _ in range(5):
    child = os.fork()
    if child == 0:
        try:
            use(before)
            use(pool.take())
            use(artifact.instantiate(imports, limits=limits))
        except BaseException as failure:
            print(failure, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    use(before)
""")


def test_faulthandler_does_not_see_traps():
    # It must be enabled before the first call: the last handler comes first.
    run("""
import faulthandler
faulthandler.enable()
instance = pool.take()
use(instance)
use(pool.take())
""")


@pytest.mark.parametrize("first", [True, False])
def test_faults_of_others_are_theirs(first):
    enable = "import faulthandler; faulthandler.enable()"
    before, after = (enable, "") if first else ("", enable)
    program = f"{before}\nuse(pool.take())\n{after}\nimport ctypes; ctypes.string_at(8)"
    done = subprocess.run([sys.executable, "-c", PREAMBLE + program], capture_output=True, text=True)
    assert done.returncode == -11, done.stderr
    assert "Segmentation fault" in done.stderr


def test_timers_of_the_host_fire_while_guests_run():
    run("""
import signal, time
counts = {signal.SIGALRM: 0, signal.SIGPROF: 0}
def count(number, frame):
    counts[number] += 1
for number, timer in [(signal.SIGALRM, signal.ITIMER_REAL), (signal.SIGPROF, signal.ITIMER_PROF)]:
    signal.signal(number, count)
    signal.setitimer(timer, 0.001, 0.001)
end = time.monotonic() + 1
while time.monotonic() < end:
    use(pool.take())
for timer in [signal.ITIMER_REAL, signal.ITIMER_PROF]:
    signal.setitimer(timer, 0)
# They are counted when Python runs again.
assert all(count > 3 for count in counts.values()), counts
""")


@pytest.mark.parametrize("first", ["theirs", "ours"])
def test_another_runtime_in_the_process(first):
    pytest.importorskip("wasmtime", reason="wasmtime is not installed for this Python")
    theirs = """
import wasmtime
def other():
    text = '(module (func (export "trap") unreachable) (func $r (export "recurse") (call $r) (call $r)))'
    store = wasmtime.Store()
    instance = wasmtime.Instance(store, wasmtime.Module(store.engine, text), [])
    for export in ["trap", "recurse"]:
        try:
            instance.exports(store)[export](store)
        except wasmtime.Trap:
            pass
        else:
            raise AssertionError(export)
"""
    order = ["other()", "use(pool.take())"]
    body = "\n".join((order if first == "theirs" else order[::-1]) * 3)
    run(f"""
import threading
{theirs}
{body}
threads = [threading.Thread(target=run) for run in [other, lambda: use(pool.take())] * 2]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
""")


# BPF: refuse mmap, mprotect and pkey_mprotect whose protection has PROT_EXEC.
SECCOMP = """
import ctypes, struct
def rule(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)
LOAD, EQUAL, BITS, RETURN = 0x20, 0x15, 0x45, 0x06
rules = [
    rule(LOAD, 0, 0, 0),
    rule(EQUAL, 3, 0, 9), rule(EQUAL, 2, 0, 10), rule(EQUAL, 1, 0, 329),
    rule(RETURN, 0, 0, 0x7FFF0000),
    rule(LOAD, 0, 0, 32),
    rule(BITS, 0, 1, 4),
    rule(RETURN, 0, 0, 0x00050001),
    rule(RETURN, 0, 0, 0x7FFF0000),
]
code = ctypes.create_string_buffer(b"".join(rules))
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("rules", ctypes.c_void_p)]
filter_ = Program(len(rules), ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(filter_), 0, 0) == 0
libc.mmap.restype = ctypes.c_void_p
assert libc.mmap(None, ctypes.c_size_t(4096), 5, 0x22, -1, 0) == ctypes.c_void_p(-1).value
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are of x86-64")
def test_nothing_becomes_executable_after_opening():
    run(f"""
import threading
{SECCOMP}
use(pool.take())
use(artifact.instantiate(imports, limits=limits))
thread = threading.Thread(target=lambda: use(pool.take()))
thread.start()
thread.join()
try:
    precast.Artifact.open(os.environ["PRECAST_PLUGIN"], trusted=True)
except precast.Error as refused:
    assert "permitted" in str(refused), refused
else:
    raise AssertionError("the filter does nothing")
""")
