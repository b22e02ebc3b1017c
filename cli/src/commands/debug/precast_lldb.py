"""Shows what the pointers of WebAssembly programs point to, in LLDB.

    (lldb) command script import precast_lldb.py

`precast debug` does so, and switches on what makes LLDB notice programs that
are already compiled when they are loaded:

    (lldb) settings set plugin.jit-loader.gdb.enable on

A pointer of the guest is an offset into its linear memory. Debug information
that Precast writes describes it as a structure with the member `__address`
and the nested type `__pointee`. Where the memory begins is the value of
`__precast_memory` in every frame of the guest, and stands at the symbol
`__precast_memory0` for the newest instance.
"""

import lldb

#: Index of what a pointer points to, and the first of its members: child `i`
#: below is element `i`, as of an array.
POINTEE = 1 << 28
MEMBER = 1 << 29
#: As many elements as a pointer may be indexed with.
MOST_ELEMENTS = 1 << 20
#: Characters that are shown of a string.
MOST_CHARACTERS = 1024
CHARACTERS = (
    lldb.eBasicTypeChar,
    lldb.eBasicTypeSignedChar,
    lldb.eBasicTypeUnsignedChar,
)


def is_pointer(type, _=None):
    type = type.GetCanonicalType()
    return type.GetNumberOfFields() > 0 and type.GetFieldAtIndex(0).GetName() == "__address"


def is_reference(type):
    return type.GetCanonicalType().GetName().endswith("&")


def pointee(type):
    """The type that a pointer type points to, or `None`."""
    nested = type.GetCanonicalType().FindDirectNestedType("__pointee")
    nested = nested.GetTypedefedType() if nested.IsValid() else nested
    return nested if nested.IsValid() and nested.GetName() not in (None, "void") else None


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
    type = pointee(value.GetType())
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
    process = value.GetProcess()
    found = process.ReadCStringFromMemory(base + address, MOST_CHARACTERS, lldb.SBError())
    if found is None:
        return ""
    size = len(found.encode("utf-8", "surrogateescape")) + 1
    array = value.CreateValueFromAddress("text", base + address, type.GetArrayType(size))
    return " " + (array.GetSummary() or '""')


def function(value, index):
    """The function at an index of the table, if the image tells."""
    frame = value.GetFrame()
    if not index or not frame.IsValid():
        return ""
    target = value.GetTarget()
    for symbol in frame.GetModule().FindSymbols("precast_table[0]"):
        table = symbol.GetSymbol().GetStartAddress().GetLoadAddress(target)
        error = lldb.SBError()
        offset = target.GetProcess().ReadUnsignedFromMemory(table + 8 * index + 4, 4, error)
        if error.Success() and table != lldb.LLDB_INVALID_ADDRESS:
            offset -= (offset & 1 << 31) << 1
            name = target.ResolveLoadAddress(table + offset).GetFunction().GetDisplayName()
            return " (%s)" % name if name else ""
    return ""


def summary(value, _):
    value = value.GetNonSyntheticValue()
    type, address = value.GetType(), guest_address(value)
    shown = "0x%0*x" % (2 * type.GetByteSize(), address)
    target = pointee(type)
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
        # From version 22 on, LLDB asks for as many children as the index in
        # `p[index]` needs. Who lists them gets one.
        return most if most is not None and most <= MOST_ELEMENTS else 1

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


def __lldb_init_module(debugger, _):
    category = "-w precast"
    for command in [
        "type summary add %s -F %s.summary --recognizer-function %s.is_pointer",
        "type synthetic add %s -l %s.Pointer --recognizer-function %s.is_pointer",
    ]:
        debugger.HandleCommand(command % (category, __name__, __name__))
    debugger.HandleCommand("type category enable precast")
