"""WASI: `PRECAST_PROGRAM` is `fixtures/programs/hello.wasm`, compiled."""

import os

import precast
import pytest

ARTIFACT = precast.Artifact.open(os.environ["PRECAST_PROGRAM"], trusted=True)


def test_output_is_captured():
    wasi = precast.Wasi(args=["hello", "reader"])
    assert ARTIFACT.instantiate(wasi=wasi).run() == 0
    assert b"reader" in wasi.stdout()
    assert wasi.stdout() == b""


def test_output_is_limited():
    wasi = precast.Wasi(args=["hello", "reader"])
    instance = ARTIFACT.instantiate(wasi=wasi, limits=precast.Limits(output_bytes=3))
    with pytest.raises(precast.LimitReached) as reached:
        instance.run()
    assert reached.value.limit is precast.LimitKind.OUTPUT_BYTES
    assert len(wasi.stdout()) == 3


def test_grants_are_for_one_instance():
    wasi = precast.Wasi()
    ARTIFACT.instantiate(wasi=wasi)
    with pytest.raises(ValueError):
        ARTIFACT.instantiate(wasi=wasi)
