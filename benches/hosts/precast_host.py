"""A plugin host with precast: 10 MB of memory, five seconds, no file system."""

import precast


class Host:
    def __init__(self, path):
        self.artifact = precast.Artifact.open(path, trusted=True)
        self.limits = precast.Limits(memory_bytes=10 << 20, time=5.0)
        self.messages = []

    def _log(self, caller, at, length):
        self.messages.append(bytes(caller.memory()[at : at + length]))

    def plugin(self):
        return self.artifact.instantiate({("host", "log"): self._log}, self.limits)

    def mix(self, plugin):
        return plugin.mix(1, 2, 0.5, 0.25)

    def transform(self, plugin, data):
        at = plugin.alloc(len(data))
        plugin.memory()[at : at + len(data)] = data
        length = plugin.transform(at, len(data))
        return bytes(plugin.memory()[at : at + length])
