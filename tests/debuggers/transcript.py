"""Drives gdb or lldb through programs and writes down what it shows.

The debugger reads this file: `gdb -batch -nx -x transcript.py`, or
`lldb --batch --no-lldbinit -o 'command script import transcript.py'`. The
environment variable PRECAST_PLAN names a JSON file:

    {"setup": [debugger commands], "transcript": output file,
     "programs": [{"name", "command": [executable, arguments...],
                   "breakpoints": [[file, line]...], "functions": [name...],
                   "at": {"file:line": {"show": [...], "then": [...]}}}]}

Both debuggers are given the same commands. At every stop: all locals, and
what the line asks to be shown; then what the line says, one after another
(`step`, `next`, `finish`, `up`, `down`), each with all locals after it; then
`continue`, until the program ends. The transcript is a JSON object of programs,
each a list of events `["stop", function, file, line]`, `["after step", ...]`,
`["trap", ...]`, `["show", what, text]` and `["end", how]`. It is written after
each program; programs that stand in it already are left out.
"""

import json
import os
import re

MOST_STOPS = 200


def basename(path):
    return os.path.basename(path) if path else "?"


def plain(function):
    """A function's name without parameters, template arguments and scopes."""
    name = re.sub(r"\(anonymous namespace\)::|\(anonymous class\)::| const$|::h[0-9a-f]{16}$", "", function or "?")
    depth, out = 0, ""
    for char in name.replace("operator()", "operator_call").replace("operator->", "operator_arrow"):
        depth += char in "<("
        if depth == 0:
            out += char
        depth -= char in ">)"
    name = re.split(r"::|\.", out.strip().rstrip(":").split(" ")[-1])[-1]
    return "closure" if "closure" in name else name


class Gdb:
    """The commands, for gdb."""

    def __init__(self, setup):
        import gdb

        self.gdb, self.signal = gdb, False
        gdb.events.stop.connect(self.stopped)
        for command in [
            "set confirm off",
            "set pagination off",
            "set width 0",
            "set height 0",
            "set debuginfod enabled off",
            "set breakpoint pending on",
            "set print frame-info short-location",
            "handle SIGSEGV SIGILL SIGFPE SIGTRAP stop print nopass",
        ] + setup:
            self.command(command)

    def command(self, text):
        try:
            return self.gdb.execute(text, to_string=True)
        except self.gdb.error as error:
            return "error: %s" % error

    def start(self, command, breakpoints, functions):
        self.command("delete")
        self.command("file %s" % command[0])
        quoted = " ".join("'%s'" % argument for argument in command[1:])
        self.command("set args %s" % quoted)
        for file, line in breakpoints:
            self.command("break %s:%d" % (file, line))
        for function in functions:
            self.command("break %s" % function)
        self.command("run")

    def stopped(self, event):
        self.signal = isinstance(event, self.gdb.SignalEvent)

    def alive(self):
        return self.gdb.selected_inferior().pid != 0

    def trapped(self):
        return self.signal

    def where(self):
        frame = self.gdb.selected_frame()
        place = frame.find_sal()
        file = basename(place.symtab.filename) if place.symtab else "?"
        return plain(frame.name()), file, place.line

    def locals(self):
        shown = self.command("info args") + self.command("info locals")
        return "\n".join(line for line in shown.splitlines() if not re.match("No (args|locals|arg|sym)", line))

    def show(self, what):
        return re.sub(r"^\$\d+ = ", "", self.command("print %s" % what))

    def go(self, how):
        self.command(how)

    def kill(self):
        if self.alive():
            self.command("kill")


class Lldb:
    """The commands, for lldb."""

    def __init__(self, setup, debugger):
        import lldb

        self.lldb, self.debugger = lldb, debugger
        self.interpreter = debugger.GetCommandInterpreter()
        debugger.SetAsync(False)
        for command in [
            "settings set interpreter.prompt-on-quit false",
            "settings set target.load-cwd-lldbinit false",
            "settings set auto-confirm true",
            "settings set stop-disassembly-display never",
            "settings set target.prefer-dynamic-value no-dynamic-values",
            "settings set plugin.jit-loader.gdb.enable on",
        ] + setup:
            self.command(command)

    def command(self, text):
        result = self.lldb.SBCommandReturnObject()
        self.interpreter.HandleCommand(text, result)
        return (result.GetOutput() or "") + (result.GetError() or "")

    def start(self, command, breakpoints, functions):
        self.command("target delete --all")
        self.command("target create '%s'" % command[0])
        for file, line in breakpoints:
            self.command("breakpoint set -f %s -l %d" % (file, line))
        for function in functions:
            self.command("breakpoint set -n %s" % function)
        quoted = " ".join("'%s'" % argument for argument in command[1:])
        self.command("process launch -o /dev/null -- %s" % quoted)

    def process(self):
        return self.debugger.GetSelectedTarget().GetProcess()

    def frame(self):
        return self.process().GetSelectedThread().GetSelectedFrame()

    def alive(self):
        return self.process().GetState() == self.lldb.eStateStopped

    def trapped(self):
        reason = self.process().GetSelectedThread().GetStopReason()
        return reason in (self.lldb.eStopReasonSignal, self.lldb.eStopReasonException)

    def where(self):
        frame = self.frame()
        place = frame.GetLineEntry()
        name = frame.GetFunctionName() or "?"
        return plain(name), place.GetFileSpec().GetFilename() or "?", place.GetLine()

    def locals(self):
        return self.command("frame variable")

    def show(self, what):
        if re.search(r" (==|\+) ", what):
            return re.sub(r"\$\d+ = ", what + " = ", self.command("expression -- %s" % what))
        return self.command("frame variable %s" % what)

    def go(self, how):
        self.command({"finish": "thread step-out", "up": "up", "down": "down"}.get(how, how))

    def kill(self):
        if self.process().IsValid():
            self.command("process kill")


def drive(tool, program):
    """One program, from start to end."""
    tool.start(program["command"], program["breakpoints"], program.get("functions", []))
    events, stops = [], 0
    while tool.alive() and stops < MOST_STOPS:
        stops += 1
        function, file, line = tool.where()
        events.append(["trap" if tool.trapped() else "stop", function, file, line])
        events.append(["show", "locals", tool.locals()])
        here = program["at"].get("%s:%d" % (file, line), {})
        for what in here.get("show", []):
            events.append(["show", what, tool.show(what)])
        for how in here.get("then", []):
            tool.go(how)
            if not tool.alive():
                break
            events.append(["after " + how, *tool.where()])
            events.append(["show", "locals", tool.locals()])
        if tool.alive() and tool.trapped():
            break
        if tool.alive():
            tool.go("continue")
    events.append(["end", "alive" if tool.alive() else "ended"])
    tool.kill()
    return events


def written(path):
    """What an earlier debugger wrote down before it died."""
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def main(make):
    with open(os.environ["PRECAST_PLAN"]) as file:
        plan = json.load(file)
    tool, path = make(plan["setup"]), plan["transcript"]
    transcript = written(path)
    for program in plan["programs"]:
        if program["name"] not in transcript:
            transcript[program["name"]] = drive(tool, program)
            with open(path + ".new", "w") as file:
                json.dump(transcript, file, indent=1)
            os.replace(path + ".new", path)


def __lldb_init_module(debugger, _):
    main(lambda setup: Lldb(setup, debugger))


try:
    import gdb  # noqa: F401

    if "PRECAST_PLAN" in os.environ:
        main(Gdb)
except ImportError:
    pass
