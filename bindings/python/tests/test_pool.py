"""Instances that are used again; fuel; signatures."""

import gc
import os
import threading

import precast
import pytest

from test_plugin import ARTIFACT, LIMITS, transform

COUNTED = precast.Artifact.open(os.environ["PRECAST_COUNTED"], trusted=True)
"""The plugin, compiled with `--fuel`."""


def test_each_owner_has_a_new_instance():
    pool = ARTIFACT.pool({("host", "log"): lambda *_: None}, limits=LIMITS, most_idle=1)
    for _ in range(50):
        instance = pool.take()
        assert instance.alloc(100) == 1024
        instance.alloc(5 << 20)
        assert len(instance.memory()) > 5 << 20
        view = instance.memory()
        view[2000:2005] = b"dirty"
        assert transform(instance, b"abc") == b"ABC"
        del instance
        # Views keep their instance.
        assert bytes(view[2000:2005]) == b"dirty"
        del view
        gc.collect()
        fresh = pool.take().memory()
        assert len(fresh) == 65536 and not any(fresh)


def test_exceptions_go_to_the_thread_that_called():
    def log(_caller, at, length):
        raise ValueError(f"{at} {length}")

    pool = ARTIFACT.pool({("host", "log"): log}, limits=LIMITS, most_idle=4)
    failures = []

    def work(number):
        for _ in range(50):
            with pytest.raises(ValueError, match=f"^{number} 7$"):
                pool.take().log(number, 7)

    def guarded(number):
        try:
            work(number)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_wasi_is_given_to_each_or_to_none():
    pool = ARTIFACT.pool({("host", "log"): lambda *_: None})
    with pytest.raises(TypeError, match="without WASI"):
        pool.take(precast.Wasi())
    with pytest.raises(precast.LinkError):
        ARTIFACT.pool()


def test_fuel_is_counted_and_ends():
    imports = {("host", "log"): lambda *_: None}
    instance = COUNTED.instantiate(imports)
    assert instance.fuel is None
    instance.fuel = 1_000_000
    assert transform(instance, b"abc") == b"ABC"
    first = 1_000_000 - instance.fuel
    instance.fuel = 1_000_000
    transform(instance, b"abc")
    assert 0 < first == 1_000_000 - instance.fuel
    with pytest.raises(precast.Trap) as ended:
        instance.spin()
    assert ended.value.limit is precast.LimitKind.FUEL and instance.fuel == 0
    pool = COUNTED.pool(imports, limits=precast.Limits(fuel=500))
    for _ in range(3):
        instance = pool.take()
        assert instance.fuel == 500
        with pytest.raises(precast.Trap):
            instance.spin()
        del instance
    with pytest.raises(TypeError, match="--fuel"):
        ARTIFACT.instantiate(imports, limits=precast.Limits(fuel=1))


def test_only_what_is_signed_is_opened():
    path, key = os.environ["PRECAST_SIGNED"], os.environ["PRECAST_KEY"]
    with open(key) as text:
        key = bytes.fromhex(text.read())
    assert "transform" in precast.Artifact.open_signed(path, [key]).exports
    with pytest.raises(precast.Error, match="no key that is trusted"):
        precast.Artifact.open_signed(path, [])
    with pytest.raises(precast.Error, match="not signed"):
        precast.Artifact.open_signed(os.environ["PRECAST_PLUGIN"], [key])
    with pytest.raises(ValueError):
        precast.Artifact.open_signed(path, [key[:-1]])
