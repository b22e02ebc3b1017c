"""A plugin host with wasmtime: 10 MB of memory, five seconds, no file system."""

import threading
import time

import wasmtime


def engine():
    config = wasmtime.Config()
    config.epoch_interruption = True
    return wasmtime.Engine(config)


class Host:
    def __init__(self, path):
        self.engine = engine()
        self.module = wasmtime.Module.deserialize_file(self.engine, path)
        self.linker = wasmtime.Linker(self.engine)
        i32 = wasmtime.ValType.i32()
        ty = wasmtime.FuncType([i32, i32], [])
        self.linker.define_func("host", "log", ty, self._log, access_caller=True)
        self.messages = []
        # A tick of the deadline is a tenth of a second.
        threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self):
        while True:
            time.sleep(0.1)
            self.engine.increment_epoch()

    def _log(self, caller, at, length):
        self.messages.append(bytes(caller["memory"].read(caller, at, at + length)))

    def plugin(self):
        store = wasmtime.Store(self.engine)
        store.set_limits(memory_size=10 << 20)
        store.set_epoch_deadline(50)
        return store, self.linker.instantiate(store, self.module).exports(store)

    def mix(self, plugin):
        store, exports = plugin
        store.set_epoch_deadline(50)
        return exports["mix"](store, 1, 2, 0.5, 0.25)

    def transform(self, plugin, data):
        store, exports = plugin
        store.set_epoch_deadline(50)
        memory = exports["memory"]
        at = exports["alloc"](store, len(data))
        memory.write(store, data, at)
        length = exports["transform"](store, at, len(data))
        return bytes(memory.read(store, at, at + length))
