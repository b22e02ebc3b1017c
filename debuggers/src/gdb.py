"""Shows what the pointers of WebAssembly programs point to, in GDB.

    (gdb) source precast_gdb.py

`precast debug --gdb` does so. GDB finds this script also in programs that load
precompiled guests, if it is allowed to look there:

    (gdb) add-auto-load-safe-path /path/to/the/program

A pointer of the guest is an offset into its linear memory. Debug information
that Precast writes describes it as a structure with the member `__address`;
the member `_vptr$pointee` has the type that it points to. Where the memory
begins is the value of `__precast_memory` in every frame of the guest, and
stands at the symbol `__precast_memory0` for the newest instance; a pointer to
a function is an index of the table whose definition is at `__precast_table0`,
or which is at `precast_table[0]` itself where nothing can change it.

Pretty printers show pointers, strings and what of Rust's library holds
pointers; the operators `*`, `->` and `[]` are given to pointers as xmethods,
so that `print p->next->name` works.
"""

import gdb
import gdb.printing
import gdb.xmethod
import re

POINTEE = "_vptr$pointee"


def is_pointer(type):
    type = type.strip_typedefs()
    if type.code != gdb.TYPE_CODE_STRUCT:
        return False
    fields = type.fields()
    return len(fields) > 0 and fields[0].name == "__address"


def is_reference(type):
    return (type.strip_typedefs().name or "").endswith("&")


def pointee(type):
    """The type that a pointer type points to; `void` where there is none."""
    for field in type.strip_typedefs().fields():
        if field.name == POINTEE:
            # A reference to a name of the type.
            return field.type.target().target()
    return gdb.lookup_type("void")


def memory():
    """Host address of the first byte of the memory that pointers lead into."""
    try:
        return int(gdb.selected_frame().read_var("__precast_memory"))
    except (gdb.error, ValueError):
        pass
    word = gdb.lookup_type("unsigned long").pointer()
    cell = gdb.parse_and_eval("(unsigned long) &__precast_memory0")
    return int(cell.cast(word).dereference())


def address(value):
    return int(value["__address"])


def host(value):
    """A pointer of the guest as a pointer of the process."""
    target = pointee(value.type)
    at = memory() + address(value) if address(value) or is_reference(value.type) else 0
    return gdb.Value(at).cast(target.pointer())


def reads_as_text(type):
    type = type.unqualified().strip_typedefs()
    return type.code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR) and type.sizeof == 1


def shown(value):
    """A pointer, reference or string, as GDB shows those of the process."""
    target, at = pointee(value.type), address(value)
    if target.strip_typedefs().code == gdb.TYPE_CODE_FUNC:
        return "0x%x%s" % (at, function(at))
    if is_reference(value.type):
        return "@0x%x: %s" % (at, host(value).dereference().format_string())
    if at and reads_as_text(target):
        text = host(value).format_string(symbols=False)
        return re.sub(r"^(\(.*?\) )?0x[0-9a-f]+", "0x%x" % at, text)
    return "0x%x" % at


def word(address, name="unsigned long"):
    """A number in memory."""
    return int(gdb.Value(address).cast(gdb.lookup_type(name).pointer()).dereference())


def symbol(name):
    """The address of a symbol of the image."""
    return int(gdb.parse_and_eval("(unsigned long) &'%s'" % name))


def code(index):
    """The address of the code that an index of table 0 leads to."""
    try:
        table = symbol("precast_table[0]")
        return table + word(table + 8 * index + 4, "int")
    except gdb.error:
        pass
    definition = word(symbol("__precast_table0"))
    if index >= word(definition + 8):
        return 0
    reference = word(word(definition) + 8 * index)
    return word(reference) if reference else 0


def function(index):
    """The function at an index of table 0, as GDB shows those of the process."""
    try:
        block = gdb.block_for_pc(code(index)) if index else None
    except gdb.error:
        return ""
    while block and not block.function:
        block = block.superblock
    return " <%s>" % block.function.name if block else ""


class Pointer:
    """Printer of pointers and references."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return shown(self.value)


def follow(value):
    """A pointer of either kind as one of the process."""
    return host(value) if is_pointer(value.type) else value


def raw_vector(value):
    """Address and length of a `Vec`."""
    buffer = value["buf"]["inner"]
    unique = buffer["ptr"]["pointer"]["pointer"]
    return follow(unique), int(value["len"])


class Text:
    """Printer of `&str` and `String`."""

    def __init__(self, start, length):
        self.start, self.length = start, length

    def to_string(self):
        if self.length == 0:
            return ""
        return self.start.lazy_string("utf-8", self.length)

    def display_hint(self):
        return "string"


class Elements:
    """Printer of slices and `Vec`."""

    def __init__(self, name, start, length):
        self.name, self.start, self.length = name, start, length

    def to_string(self):
        return "%s(size=%d)" % (self.name, self.length)

    def children(self):
        for index in range(self.length):
            yield "[%d]" % index, self.start[index]

    def display_hint(self):
        return "array"


class Table:
    """Printer of `HashMap` and `HashSet`: the buckets that are in use. They lie
    before the bytes that say so, the first nearest."""

    def __init__(self, name, value):
        base = value["base"]
        self.set = name == "HashSet"
        self.table = (base["map"] if self.set else base)["table"]
        self.name, self.inner = name, self.table["table"]

    def to_string(self):
        return "%s(size=%d)" % (self.name, int(self.inner["items"]))

    def children(self):
        if not int(self.inner["items"]):
            return
        item = self.table.type.strip_typedefs().template_argument(0)
        control = follow(self.inner["ctrl"]["pointer"])
        items = control.cast(item.pointer())
        for index in range(int(self.inner["bucket_mask"]) + 1):
            if int(control[index]) < 0x80:
                bucket = items[-index - 1]
                fields = item.fields()
                for part in fields[: 1 if self.set else 2]:
                    yield "[%d].%s" % (index, part.name), bucket[part]

    def display_hint(self):
        return "array" if self.set else "map"


def rust(value, name):
    """The printer of a type of Rust's library, if it is one."""
    if re.match(r"^&(mut )?str$", name):
        return Text(follow(value["data_ptr"]), int(value["length"]))
    if name == "alloc::string::String":
        start, length = raw_vector(value["vec"])
        return Text(start, length)
    if re.match(r"^alloc::vec::Vec<", name):
        start, length = raw_vector(value)
        item = value.type.strip_typedefs().template_argument(0)
        return Elements("Vec", start.cast(item.pointer()), length)
    table = re.match(r"^std::collections::hash::(?:map|set)::(Hash(?:Map|Set))<", name)
    if table:
        return Table(table.group(1), value)
    if re.match(r"^&(mut )?\[", name):
        return Elements(name, follow(value["data_ptr"]), int(value["length"]))
    return None


def lookup(value):
    type = value.type.strip_typedefs()
    if type.code != gdb.TYPE_CODE_STRUCT:
        return None
    if is_pointer(type):
        return Pointer(value)
    name = type.name or ""
    return rust(value, name) if name.startswith(("&", "alloc::", "std::collections::")) else None


class Printers:
    """All printers, as GDB lists them."""

    name = "precast"
    enabled = True
    subprinters = None

    def __call__(self, value):
        return lookup(value)


class Operator(gdb.xmethod.XMethod):
    """An operator that pointers have."""


class Worker(gdb.xmethod.XMethodWorker):
    """Applies an operator to a pointer."""

    def __init__(self, method):
        self.method = method

    def get_arg_types(self):
        if self.method == "operator[]":
            return [gdb.lookup_type("long")]
        return None

    def __call__(self, value, index=0):
        # The object itself, or a pointer of GDB's to it.
        if value.type.code == gdb.TYPE_CODE_PTR:
            value = value.dereference()
        at = host(value.referenced_value() if value.type.code == gdb.TYPE_CODE_REF else value)
        if self.method == "operator->":
            return at
        return (at + int(index)).dereference()


class Operators(gdb.xmethod.XMethodMatcher):
    """The operators of pointers."""

    def __init__(self):
        super().__init__("precast")
        self.methods = [Operator(name) for name in ("operator*", "operator->", "operator[]")]

    def match(self, type, method):
        for known in self.methods:
            if known.name == method and known.enabled and is_pointer(type):
                return Worker(method)
        return None


def follow_language(_=None):
    """Evaluates in C++ where a guest's source is C, in which GDB has no
    operators. Leaves the user's choice alone in frames of the host."""
    global follows
    try:
        frame = gdb.selected_frame()
        operators = frame.language() == "c" and is_guest(frame)
    except (gdb.error, AttributeError):
        return
    if operators or follows:
        gdb.execute("set language %s" % ("c++" if operators else "auto"), to_string=True)
    follows = operators


#: Whether the language was set here.
follows = False


def is_guest(frame):
    try:
        frame.read_var("__precast_memory")
        return True
    except ValueError:
        return False


class Print(gdb.Command):
    """Print the value of an expression. Usage: print [OPTION]... [/FMT] [EXP]

    As GDB's own, after the language has followed the selected frame. What is
    C without operators of pointers is C: its comparisons are numbers."""

    def __init__(self):
        super().__init__("print", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, arguments, from_tty):
        follow_language()
        c = follows and is_valid_c(arguments)
        try:
            if c:
                gdb.execute("set language c", to_string=True)
            gdb.execute("call " + arguments, from_tty)
        except gdb.error as error:
            # Otherwise GDB would say that there is an error in this script.
            raise gdb.GdbError(str(error))
        finally:
            if c:
                gdb.execute("set language c++", to_string=True)


def is_valid_c(arguments):
    """Whether an expression of C has a type, which takes no evaluation."""
    expression = re.sub(r"^/\S+", "", arguments)
    try:
        gdb.execute("set language c", to_string=True)
        gdb.execute("whatis " + expression, to_string=True)
        return True
    except gdb.error:
        return False
    finally:
        gdb.execute("set language c++", to_string=True)


def install():
    Print()
    gdb.events.stop.connect(follow_language)
    gdb.printing.register_pretty_printer(None, Printers())
    gdb.xmethod.register_xmethod_matcher(None, Operators())


# Programs that hold guests bring this along, whose user may have it already.
if not any(getattr(printer, "name", None) == Printers.name for printer in gdb.pretty_printers):
    install()
