"""Precast beside wasmtime as Python libraries, in one process: nanoseconds each.

    cargo build --release -p precast-capi -p precast-cli
    pip install wasmtime
    PRECAST_LIBRARY=target/release/libprecast.so PYTHONPATH=bindings/python \
        python benches/python/embedding.py target/release/precast

Each figure is the best of five rounds; the two take turns. `pooled` has no
counterpart in wasmtime's package, and stands beside its `instance`.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import precast
import wasmtime

MODULE = """(module
    (import "host" "log" (func $log (param i32) (result i32)))
    (memory (export "memory") 16)
    (data (i32.const 8) "contents")
    (func (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1)))
    (func (export "logs") (param i32) (result i32) (local i32)
        (loop
            (local.set 1 (i32.add (local.get 1) (call $log (local.get 0))))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"""

CALLS, LOGS, INSTANCES = 20_000, 10_000, 2_000


def timed(count, run):
    start = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - start) / count


def calls(add):
    def run():
        for number in range(CALLS):
            add(number, 1)

    return CALLS, run


def one_at_a_time(count, make):
    def run():
        for _ in range(count):
            make()

    return count, run


def of_precast(compiler, module):
    with tempfile.TemporaryDirectory() as folder:
        text, code = Path(folder, "module.wat"), Path(folder, "module.cwasm")
        text.write_text(module)
        subprocess.run([compiler, "compile", "--quiet", text, "-o", code], check=True)
        artifact = precast.Artifact.open(code, trusted=True)
    imports = {("host", "log"): lambda _caller, number: number}
    pool = artifact.pool(imports)
    instance = artifact.instantiate(imports)
    add = lambda left, right: instance.call("add", left, right)
    return {
        "guest call": calls(add),
        "host call": (LOGS, lambda: instance.call("logs", LOGS)),
        "instance": one_at_a_time(INSTANCES, lambda: artifact.instantiate(imports)),
        "pooled": one_at_a_time(INSTANCES, pool.take),
    }


def of_wasmtime(module):
    engine = wasmtime.Engine()
    compiled = wasmtime.Module(engine, module)
    linker = wasmtime.Linker(engine)
    numbers = wasmtime.FuncType([wasmtime.ValType.i32()], [wasmtime.ValType.i32()])
    linker.define_func("host", "log", numbers, lambda number: number)
    store = wasmtime.Store(engine)
    exports = linker.instantiate(store, compiled).exports(store)
    add, logs = exports["add"], exports["logs"]

    def make():
        linker.instantiate(wasmtime.Store(engine), compiled)

    return {
        "guest call": calls(lambda left, right: add(store, left, right)),
        "host call": (LOGS, lambda: logs(store, LOGS)),
        "instance": one_at_a_time(INSTANCES, make),
        "pooled": one_at_a_time(INSTANCES, make),
    }


def main():
    ours, theirs = of_precast(sys.argv[1], MODULE), of_wasmtime(MODULE)
    print(f"{'':12} {'precast':>10} {'wasmtime':>10} ratio  (ns each)")
    for name in ours:
        rounds = [(timed(*ours[name]), timed(*theirs[name])) for _ in range(5)]
        here, there = (min(figures) for figures in zip(*rounds))
        print(f"{name:12} {here:10.0f} {there:10.0f} {here / there:5.2f}")


if __name__ == "__main__":
    main()
