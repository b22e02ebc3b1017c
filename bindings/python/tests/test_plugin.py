"""The plugin host: `PRECAST_PLUGIN` is `fixtures/capi/plugin.wat`, compiled."""

import gc
import os
import threading
import time

import precast
import pytest

ARTIFACT = precast.Artifact.open(os.environ["PRECAST_PLUGIN"], trusted=True)
LIMITS = precast.Limits(memory_bytes=10 << 20, stack_bytes=256 << 10, time=5.0)


def plugin(log=lambda caller, at, length: None, limits=LIMITS):
    return ARTIFACT.instantiate({("host", "log"): log}, limits=limits)


def transform(instance, text):
    at = instance.alloc(len(text))
    instance.memory()[at : at + len(text)] = text
    length = instance.transform(at, len(text))
    return bytes(instance.memory()[at : at + length])


def test_bytes_in_and_bytes_out():
    texts = []

    def log(caller, at, length):
        texts.append(bytes(caller.memory("memory")[at : at + length]))

    instance = plugin(log)
    assert transform(instance, b"bytes in, bytes out") == b"BYTES IN, BYTES OUT"
    assert texts == [b"BYTES IN, BYTES OUT"]
    assert instance.mix(1, 2**40, 0.5, -0.25) == 1 + 2**40 + 0.25


def test_the_artifact_says_what_it_has():
    assert ARTIFACT.imports == [("host", "log", "ii>")]
    assert ARTIFACT.exports["transform"] == "ii>i"
    assert ARTIFACT.exports["mix"] == "iIfF>F"
    with pytest.raises(precast.LinkError, match="host.log"):
        ARTIFACT.instantiate()
    with pytest.raises(AttributeError, match="absent"):
        plugin().call("absent")
    with pytest.raises(TypeError, match="takes 2"):
        plugin().transform(1)


def test_a_trap_is_an_exception_with_frames():
    instance = plugin()
    with pytest.raises(precast.Trap) as trap:
        instance.trap()
    assert [frame.name for frame in trap.value.frames] == ["inner", "trap"]
    assert trap.value.frames[0].module == "plugin"
    with pytest.raises(precast.Trap) as overflow:
        instance.recurse()
    assert overflow.value.limit is precast.LimitKind.STACK_BYTES
    assert transform(instance, b"again") == b"AGAIN"


def test_exceptions_of_the_host_pass_through_the_module():
    class Refused(Exception):
        pass

    def log(caller, at, length):
        raise Refused(f"{at} {length}")

    with pytest.raises(Refused, match="5 6") as refused:
        plugin(log).log(5, 6)
    assert isinstance(refused.value.__cause__, precast.HostError)
    with pytest.raises(TypeError, match="1 results where 0"):
        plugin(lambda *args: 1).log(5, 6)


def test_limits_hold():
    instance = plugin()
    with pytest.raises(precast.Trap):
        instance.alloc(20 << 20)
    assert instance.limit_reached() is precast.LimitKind.MEMORY_BYTES
    with pytest.raises(precast.LimitReached) as reached:
        plugin(limits=precast.Limits(memory_bytes=1000))
    assert reached.value.limit is precast.LimitKind.MEMORY_BYTES


def test_time_is_limited():
    instance = plugin(limits=precast.Limits(time=0.02))
    start = time.monotonic()
    with pytest.raises(precast.Trap) as late:
        instance.spin()
    assert 0.02 <= time.monotonic() - start < 2
    assert late.value.limit is precast.LimitKind.TIME
    assert transform(instance, b"again") == b"AGAIN"


def test_another_thread_stops_an_instance():
    instance = plugin()
    handle = instance.interrupt_handle()
    timer = threading.Timer(0.02, handle.interrupt)
    timer.start()
    with pytest.raises(precast.Trap) as stopped:
        instance.spin()
    assert stopped.value.limit is None
    with pytest.raises(precast.Trap):
        instance.trap()
    instance.clear_interrupt()
    assert transform(instance, b"again") == b"AGAIN"


def test_memory_outlives_the_instance():
    instance = plugin()
    view = instance.memory()
    view[0:4] = b"here"
    del instance
    gc.collect()
    assert bytes(view[0:4]) == b"here"


def test_many_threads_with_an_instance_each():
    def work():
        instance = plugin()
        for _ in range(50):
            results.append(transform(instance, b"abc"))

    results = []
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [b"ABC"] * 400
