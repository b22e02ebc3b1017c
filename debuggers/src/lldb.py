"""Shows what the pointers of WebAssembly programs point to, in LLDB.

    (lldb) command script import precast_lldb.py

`precast debug` does so, and switches on what makes LLDB notice programs that
are already compiled when they are loaded:

    (lldb) settings set plugin.jit-loader.gdb.enable on

A pointer of the guest is an offset into its linear memory. Debug information
that Precast writes describes it as a structure with the member `__address`
and the nested type `__pointee`. Where the memory begins is the value of
`__precast_memory` in every frame of the guest, and stands at the symbol
`__precast_memory0` for the newest instance; a pointer to a function is an index
of the table whose definition is at `__precast_table0`, or which is at
`precast_table[0]` itself where nothing can change it.
"""

import lldb
import os
import re
import struct

#: Index of what a pointer points to, and the first of its members: child `i`
#: below is element `i`, as of an array.
POINTEE = 1 << 28
MEMBER = 1 << 29
#: As many elements as a pointer may be indexed with.
MOST_ELEMENTS = 1 << 20
#: Characters that are shown of a string.
MOST_CHARACTERS = 1024
#: Bytes that are read at once of a string.
PIECE = 256
CHARACTERS = (
    lldb.eBasicTypeChar,
    lldb.eBasicTypeSignedChar,
    lldb.eBasicTypeUnsignedChar,
)

#: The first version that finds formatters by a function that looks at types.
OLDEST = 16
#: The first version that asks a formatter for as many children as it needs.
ASKS = 22


def version():
    """LLDB's version; that of a build with other numbers is taken for new."""
    found = re.match(r"lldb version (\d+)\.", lldb.SBDebugger.GetVersionString() or "")
    return int(found.group(1)) if found else 1 << 16


def lists_children():
    """Whether this program lists the children of all that it shows, as those
    for editors do."""
    try:
        return os.path.basename(os.readlink("/proc/self/exe")).startswith(("lldb-dap", "lldb-vscode"))
    except OSError:
        return False


#: Children of a pointer for who does not say how many it needs. LLDB before
#: `ASKS` compares the index in `p[index]` with that.
CHILDREN = 1 if version() >= ASKS or lists_children() else MOST_ELEMENTS

#: What `pointees` has found.
POINTEES = {}


def is_pointer(type, _=None):
    return holds_address(type)


def is_plain_pointer(type, _=None):
    return holds_address(type) and not is_reference(type)


def is_guest_reference(type, _=None):
    return holds_address(type) and is_reference(type)


def holds_address(type):
    type = type.GetCanonicalType()
    return type.GetNumberOfFields() > 0 and type.GetFieldAtIndex(0).GetName() == "__address"


def is_reference(type):
    return type.GetCanonicalType().GetName().endswith("&")


def pointee(value):
    """The type that a pointer points to, or `None`."""
    type = value.GetType().GetCanonicalType()
    nested = type.FindDirectNestedType("__pointee")
    if not nested.IsValid():
        # In C, LLDB finds no types in others.
        nested = pointees(value.GetTarget()).get(type.GetName() + "::__pointee", nested)
    nested = nested.GetTypedefedType() if nested.IsValid() else nested
    return nested if nested.IsValid() and nested.GetName() not in (None, "void") else None


def pointees(target):
    """The types that pointer types point to, by their full names."""
    key = [target.GetProcess().GetUniqueID()]
    key += [module.GetUUIDString() for module in target.module_iter()]
    if POINTEES.get("modules") != key:
        POINTEES.clear()
        POINTEES.update((type.GetName(), type) for type in target.FindTypes("__pointee"))
        POINTEES["modules"] = key
    return POINTEES


def memory(value):
    """Host address of the first byte of the memory that a value is in."""
    frame = value.GetFrame()
    if frame.IsValid():
        base = frame.FindVariable("__precast_memory")
        if base.IsValid() and base.GetError().Success():
            return base.GetValueAsUnsigned()
    target = value.GetTarget()
    for symbol in target.FindSymbols("__precast_memory0"):
        address = symbol.GetSymbol().GetStartAddress().GetLoadAddress(target)
        if address != lldb.LLDB_INVALID_ADDRESS:
            word = target.GetProcess().ReadUnsignedFromMemory(address, 8, lldb.SBError())
            if word:
                return word
    return None


def guest_address(value):
    return value.GetNonSyntheticValue().GetChildMemberWithName("__address").GetValueAsUnsigned()


def element(value, name, index=0):
    """What a pointer points to, or what lies behind it as in an array."""
    type = pointee(value)
    base = memory(value)
    address = guest_address(value)
    if type is None or base is None or (address == 0 and not is_reference(value.GetType())):
        return None
    host = base + address + index * type.GetByteSize()
    found = value.GetNonSyntheticValue().CreateValueFromAddress(name, host, type)
    found.SetPreferSyntheticValue(False)
    return found if found.IsValid() else None


def text(value, type):
    """The string at a pointer to characters, as LLDB writes it."""
    base, address = memory(value), guest_address(value)
    if base is None or not address:
        return ""
    size = length(value.GetProcess(), base + address)
    if size is None:
        return ""
    array = value.CreateValueFromAddress("text", base + address, type.GetArrayType(size + 1))
    return " " + (array.GetSummary() or '""')


def length(process, start):
    """Number of bytes before a zero, whatever they are, or `None`. Read in
    pieces that end where pages may end."""
    at = start
    while at - start < MOST_CHARACTERS:
        error = lldb.SBError()
        piece = process.ReadMemory(at, PIECE - at % PIECE, error)
        if error.Fail() or not piece:
            return None
        if 0 in piece:
            return at - start + piece.index(0)
        at += len(piece)
    return MOST_CHARACTERS


def word(target, address, size=8):
    """A number in memory, or `None`."""
    error = lldb.SBError()
    found = target.GetProcess().ReadUnsignedFromMemory(address, size, error)
    return found if error.Success() else None


def symbol(target, module, name):
    """The address of a symbol of an image, or `None`."""
    for found in module.FindSymbols(name):
        address = found.GetSymbol().GetStartAddress().GetLoadAddress(target)
        if address != lldb.LLDB_INVALID_ADDRESS:
            return address
    return None


def code(target, module, index):
    """The address of the code that an index of table 0 leads to, or `None`."""
    table = symbol(target, module, "precast_table[0]")
    if table is not None:
        offset = word(target, table + 8 * index + 4, 4)
        return None if offset is None else table + offset - ((offset & 1 << 31) << 1)
    cell = symbol(target, module, "__precast_table0")
    definition = word(target, cell) if cell is not None else None
    if not definition or index >= (word(target, definition + 8) or 0):
        return None
    reference = word(target, word(target, definition) + 8 * index)
    return word(target, reference) if reference else None


def function(value, index):
    """The function at an index of the table, if the image tells."""
    frame = value.GetFrame()
    if not index or not frame.IsValid():
        return ""
    target = value.GetTarget()
    address = code(target, frame.GetModule(), index)
    name = address and target.ResolveLoadAddress(address).GetFunction().GetDisplayName()
    return " (%s)" % name if name else ""


def summary(value, _):
    value = value.GetNonSyntheticValue()
    type, address = value.GetType(), guest_address(value)
    shown = "0x%0*x" % (2 * type.GetByteSize(), address)
    target = pointee(value)
    if target is None:
        return shown
    kind = target.GetUnqualifiedType().GetCanonicalType().GetUnqualifiedType()
    if is_reference(type):
        to = element(value, value.GetName())
        if to is None:
            return shown
        inner = to.GetSummary() or to.GetValue()
        if inner is None or to.MightHaveChildren():
            return shown
        return "%s (&%s = %s)" % (shown, value.GetName(), inner)
    if kind.GetBasicType() in CHARACTERS:
        return shown + text(value, target.GetUnqualifiedType())
    if kind.GetTypeClass() == lldb.eTypeClassFunction:
        return shown + function(value, address)
    return shown


class Pointer:
    """Children of a pointer: element `i` at index `i`."""

    def __init__(self, value, _):
        self.value = value
        self.update()

    def update(self):
        self.to = element(self.value, "*" + (self.value.GetName() or ""))
        return False

    def has_children(self):
        return self.to is not None

    def num_children(self, most=None):
        if self.to is None:
            return 0
        if is_reference(self.value.GetType()):
            return self.to.GetNumChildren()
        # From `ASKS` on, for as many as the index in `p[index]` needs.
        return most if most is not None and most <= MOST_ELEMENTS else CHILDREN

    def get_child_index(self, name):
        if self.to is None:
            return -1
        if name == "$$dereference$$":
            return POINTEE
        if name.startswith("[") and name.endswith("]") and name[1:-1].isdigit():
            return int(name[1:-1])
        index = self.to.GetIndexOfChildWithName(name)
        return -1 if index in (None, 0xFFFFFFFF) else MEMBER + index

    def get_child_at_index(self, index):
        if self.to is None:
            return None
        if index >= MEMBER:
            return self.to.GetChildAtIndex(index - MEMBER)
        if index == POINTEE:
            return self.to
        if is_reference(self.value.GetType()):
            return self.to.GetChildAtIndex(index)
        return self.to if index == 0 else element(self.value, "[%d]" % index, index)


def is_guests(value):
    """Whether a value is a guest's."""
    frame = value.GetFrame()
    if frame.IsValid():
        return frame.FindVariable("__precast_memory").IsValid()
    return memory(value) is not None


def long_double_summary(value, _):
    """A `long double`, to the precision of 64 bits: a guest's has 128 bits (IEEE
    754), the machine's 80."""
    error = lldb.SBError()
    value = value.GetNonSyntheticValue()
    read = value.GetData().ReadRawData(error, 0, 16)
    if error.Fail() or not read:
        return "<%s>" % error
    low, high = struct.unpack("<QQ", read)
    if is_guests(value):
        top, fraction = high >> 48, ((high & 0xFFFFFFFFFFFF) << 64 | low) / 2**112
    else:
        top, fraction = high & 0xFFFF, (low & (1 << 63) - 1) / 2**63
    sign, exponent = -1.0 if top >> 15 else 1.0, top & 0x7FFF
    if exponent == 0x7FFF:
        return "nan" if fraction else "%g" % (sign * float("inf"))
    try:
        number = sign * ((exponent != 0) + fraction) * 2.0 ** (max(exponent, 1) - 16383)
    except OverflowError:
        number = sign * float("inf")
    return "%.17g" % number


# Rust's types, whose pointers may be of either kind.


def follow(pointer):
    """Host address that a pointer holds, the guest's or one of the process."""
    if is_pointer(pointer.GetType()):
        return (memory(pointer) or 0) + guest_address(pointer)
    return pointer.GetValueAsUnsigned()


def child(value, path):
    for name in path.split("."):
        value = value.GetChildMemberWithName(name)
        value.SetPreferSyntheticValue(False)
    return value


def vector(value):
    """Address and length of a `Vec`."""
    unique = child(value, "buf.inner.ptr.pointer.pointer")
    return follow(unique), child(value, "len").GetValueAsUnsigned()


def quoted(value, start, length):
    if length == 0:
        return '""'
    error = lldb.SBError()
    read = value.GetProcess().ReadMemory(start, min(length, MOST_CHARACTERS), error)
    if error.Fail():
        return "<%s>" % error
    text = read.decode("utf-8", "replace").replace("\\", "\\\\").replace('"', '\\"')
    return '"%s"' % text.replace("\n", "\\n").replace("\t", "\\t")


def slice_summary(value, _):
    value = value.GetNonSyntheticValue()
    return quoted(value, follow(child(value, "data_ptr")), child(value, "length").GetValueAsUnsigned())


def string_summary(value, _):
    value = value.GetNonSyntheticValue()
    return quoted(value, *vector(child(value, "vec")))


def size_summary(value, _):
    return "size=%d" % value.GetNumChildren()


class Items:
    """Children of a container, by their number: `type` lies at each `address`."""

    def __init__(self, value, _):
        self.value = value
        self.update()

    def has_children(self):
        return True

    def get_child_index(self, name):
        inner = name[1:-1]
        return int(inner) if name.startswith("[") and inner.isdigit() else -1

    def get_child_at_index(self, index):
        at = self.address(index)
        return None if at is None else self.value.CreateValueFromAddress("[%d]" % index, at, self.type)


class Elements(Items):
    """Children of a slice, a `Vec`: its elements."""

    def update(self):
        value = self.value
        pointer = child(value, "data_ptr")
        if pointer.IsValid():
            self.start, self.length = follow(pointer), child(value, "length").GetValueAsUnsigned()
            guest = is_pointer(pointer.GetType())
            self.type = pointee(pointer) if guest else pointer.GetType().GetPointeeType()
        else:
            self.start, self.length = vector(value)
            self.type = value.GetType().GetCanonicalType().GetTemplateArgumentType(0)
        return False

    def num_children(self, most=None):
        return self.length if self.type and self.type.IsValid() else 0

    def address(self, index):
        return self.start + index * self.type.GetByteSize()


class Table(Items):
    """Children of a `HashMap`, a `HashSet`: its buckets that are in use. They lie
    before the bytes that say so, the first nearest."""

    def update(self):
        map = child(self.value, "base")
        inner = child(map, "map")
        table = child(inner if inner.IsValid() else map, "table")
        self.type = table.GetType().GetCanonicalType().GetTemplateArgumentType(0)
        self.size = self.type.GetByteSize()
        if inner.IsValid():
            # Of a set: keys with nothing.
            self.type = self.type.GetFieldAtIndex(0).GetType()
        self.control = follow(child(table, "table.ctrl.pointer"))
        self.used = []
        if child(table, "table.items").GetValueAsUnsigned():
            count = min(child(table, "table.bucket_mask").GetValueAsUnsigned() + 1, MOST_ELEMENTS)
            control = self.value.GetProcess().ReadMemory(self.control, count, lldb.SBError()) or b""
            self.used = [index for index, byte in enumerate(control) if byte < 0x80]
        return False

    def num_children(self, most=None):
        return len(self.used)

    def address(self, index):
        return self.control - (self.used[index] + 1) * self.size if index < len(self.used) else None


def is_enumeration(type, _=None):
    type = type.GetCanonicalType()
    return type.GetNumberOfFields() > 0 and type.GetFieldAtIndex(0).GetName() == "$variants$"


def variant(value):
    """The present variant of an enumeration with values."""
    variants = value.GetNonSyntheticValue().GetChildMemberWithName("$variants$")
    default = None
    for index in range(variants.GetNumChildren()):
        one = variants.GetChildAtIndex(index)
        one.SetPreferSyntheticValue(False)
        tag = one.GetChildMemberWithName("$discr$")
        if not tag.IsValid():
            default = one
        elif one.GetName() == "$variant$%d" % tag.GetValueAsUnsigned():
            default = one
            break
    found = default.GetChildMemberWithName("value") if default else None
    if found:
        found.SetPreferSyntheticValue(False)
    return found


def last_name(path):
    """The last part of a path, without arguments of types."""
    path, inner = path.replace("->", ""), None
    while inner != path:
        inner, path = path, re.sub(r"<[^<>]*>", "", path)
    return path.split("::")[-1]


def variant_summary(value, _):
    found = variant(value)
    if not found:
        return ""
    name = last_name(found.GetType().GetName())
    fields = [found.GetChildAtIndex(index) for index in range(found.GetNumChildren())]
    shown = [field.GetSummary() or field.GetValue() or "..." for field in fields]
    return "%s(%s)" % (name, ", ".join(shown)) if shown else name


class Variant:
    """Children of an enumeration with values: those of its variant."""

    def __init__(self, value, _):
        self.value = value
        self.update()

    def update(self):
        self.variant = variant(self.value)
        return False

    def has_children(self):
        return self.num_children() > 0

    def num_children(self, most=None):
        return self.variant.GetNumChildren() if self.variant else 0

    def get_child_index(self, name):
        index = self.variant.GetIndexOfChildWithName(name) if self.variant else None
        return -1 if index in (None, 0xFFFFFFFF) else index

    def get_child_at_index(self, index):
        return self.variant.GetChildAtIndex(index)


#: What is told LLDB.
FORMATTERS = [
    "summary add {} -F {}.summary --recognizer-function {}.is_plain_pointer",
    "summary add {} -e -F {}.summary --recognizer-function {}.is_guest_reference",
    "synthetic add {} -l {}.Pointer --recognizer-function {}.is_pointer",
    "summary add {} -e -F {}.variant_summary --recognizer-function {}.is_enumeration",
    "synthetic add {} -l {}.Variant --recognizer-function {}.is_enumeration",
    "summary add {} -F {}.slice_summary -x '^&(mut )?str$'",
    "summary add {} -F {}.string_summary -x '^alloc::string::String$'",
    "summary add {} -e -F {}.size_summary -x '^alloc::vec::Vec<.+>$'",
    "synthetic add {} -l {}.Elements -x '^alloc::vec::Vec<.+>$'",
    "summary add {} -e -F {}.size_summary -x '^&(mut )?\\[.+\\]$'",
    "synthetic add {} -l {}.Elements -x '^&(mut )?\\[.+\\]$'",
    "summary add {} -e -F {}.size_summary -x '^std::collections::hash::(map::HashMap|set::HashSet)<.+>$'",
    "synthetic add {} -l {}.Table -x '^std::collections::hash::(map::HashMap|set::HashSet)<.+>$'",
]


def __lldb_init_module(debugger, _):
    if version() < OLDEST:
        print("LLDB %d shows a guest's pointers as numbers: %d or newer follows them" % (version(), OLDEST))
        return
    commands = FORMATTERS
    if version() < ASKS:
        # It takes a guest's for one of the machine's.
        commands = commands + ["summary add {} -v -F {}.long_double_summary -x '^long double$'"]
    for command in commands:
        debugger.HandleCommand("type " + command.format("-w precast", __name__, __name__))
    debugger.HandleCommand("type category enable precast")
