"""Compares the plugin hosts: lines, time of an instance, of a call, of bytes in and
out. Both take turns; medians, with the range.

    python3 benches/hosts/compare.py fixtures/capi/plugin.wat

with the packages precast, precast-cli and wasmtime installed. Where wasmtime is not,
it measures precast alone.
"""

import ast
import gc
import importlib
import importlib.util
import pathlib
import statistics
import sys
import tempfile
import time

ROUNDS = 15
FOLDER = pathlib.Path(__file__).parent


def lines(name):
    """Lines of code of a host: no comments, no empty ones."""
    text = FOLDER.joinpath(f"{name}_host.py").read_text()
    return len(ast.unparse(ast.parse(text)).replace("\n\n", "\n").splitlines())


def compile_with(name, module, out):
    """Compiles the plugin with one of the packages."""
    if name == "precast":
        precast = importlib.import_module("precast")
        out.write_bytes(precast.compile(module, cpu="native"))
    else:
        wasmtime = importlib.import_module("wasmtime")
        engine = importlib.import_module("wasmtime_host").engine()
        out.write_bytes(wasmtime.Module.from_file(engine, module).serialize())


def measures(host):
    """What is measured: a name, how often a round does it, and a function."""
    plugin = host.plugin()
    data = b"bytes in, bytes out" * 10

    def fresh():
        # Memory is not given back by this plugin.
        other = host.plugin()
        for _ in range(20):
            assert host.transform(other, data) == data.upper()

    return {
        "an instance": (300, host.plugin),
        "a call: `mix(1, 2, 0.5, 0.25)`": (3000, lambda: host.mix(plugin)),
        "20 times bytes in and out, in a new instance": (60, fresh),
    }


def main():
    sides = {}
    names = [n for n in ("precast", "wasmtime") if importlib.util.find_spec(n)]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            out = pathlib.Path(folder, f"{name}.cwasm")
            compile_with(name, sys.argv[1], out)
            sides[name] = measures(importlib.import_module(f"{name}_host").Host(str(out)))
        report(sides)


def report(sides):
    """Measures, and prints the table."""
    print("| what | " + " | ".join(sides) + (" | ratio |" if len(sides) > 1 else " |"))
    print("|-" * (1 + len(sides) + (len(sides) > 1)) + "|")
    shown = [str(lines(name)) for name in sides]
    print("| lines of the host | " + " | ".join(shown) + (" | |" if len(sides) > 1 else " |"))
    for what in next(iter(sides.values())):
        times = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, all_of in sides.items():
                count, function = all_of[what]
                gc.collect()
                start = time.perf_counter()
                for _ in range(count):
                    function()
                times[name].append((time.perf_counter() - start) / count * 1e6)
        cells = [
            f"{statistics.median(t):.1f} µs ({min(t):.1f}–{max(t):.1f})" for t in times.values()
        ]
        if len(cells) > 1:
            ours, theirs = map(statistics.median, times.values())
            cells.append(f"**{ours / theirs:.2f}**")
        print(f"| {what} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
