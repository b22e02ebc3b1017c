

# Containers of libc++, the C++ library of WebAssembly programs. LLDB's own
# formatters take the machine's pointers for granted, and some end the program
# where they find a guest's: these are for guests alone.

LIBCXX = r"^std::__\w+::"


def holds_guest_pointer(type, depth=8):
    """Whether some part of a type is a guest's pointer."""
    type = type.GetCanonicalType()
    if holds_address(type):
        return True
    if depth == 0:
        return False
    parts = [type.GetDirectBaseClassAtIndex(i) for i in range(type.GetNumberOfDirectBaseClasses())]
    parts += [type.GetFieldAtIndex(i) for i in range(type.GetNumberOfFields())]
    return any(holds_guest_pointer(part.GetType(), depth - 1) for part in parts)


def is_guests_container(names):
    """A recognizer of templates of the library."""
    pattern = re.compile(LIBCXX + "(" + names + ")<")

    def recognize(type, _=None):
        type = type.GetCanonicalType()
        if holds_address(type):
            # A pointer to something of one.
            return False
        return bool(pattern.match(type.GetName() or "")) and holds_guest_pointer(type)

    return recognize


is_cxx_string = is_guests_container("basic_string")
is_cxx_sequence = is_guests_container("vector")
is_cxx_nodes = is_guests_container("(forward_)?list|(multi)?(map|set)|unordered_(multi)?(map|set)")
is_cxx_owner = is_guests_container("unique_ptr|shared_ptr|weak_ptr")


def part(value, *names):
    """The first member that a value has of these names: versions differ. What
    it holds, where that is a pair of which the second part takes no room."""
    for name in names:
        found = child(value, name)
        if found.IsValid():
            inner = found.GetChildMemberWithName("__value_")
            inner.SetPreferSyntheticValue(False)
            return inner if inner.IsValid() else found
    return value.GetChildMemberWithName("")


def alignment(type):
    """Of a type, in bytes: no version tells it to all that ask."""
    type = type.GetCanonicalType()
    if type.IsArrayType():
        return alignment(type.GetArrayElementType())
    parts = [type.GetDirectBaseClassAtIndex(i) for i in range(type.GetNumberOfDirectBaseClasses())]
    parts += [type.GetFieldAtIndex(i) for i in range(type.GetNumberOfFields())]
    if type.GetTypeClass() in (lldb.eTypeClassStruct, lldb.eTypeClassClass, lldb.eTypeClassUnion):
        return max([alignment(part.GetType()) for part in parts], default=1)
    return max(type.GetByteSize(), 1)


def cxx_string_summary(value, _):
    value = value.GetNonSyntheticValue()
    representation = part(value, "__r_", "__rep_")
    short, long = child(representation, "__s"), child(representation, "__l")
    if child(short, "__is_long_").GetValueAsUnsigned():
        start, size = follow(child(long, "__data_")), child(long, "__size_").GetValueAsUnsigned()
    else:
        data = child(short, "__data_")
        start, size = data.GetLoadAddress(), child(short, "__size_").GetValueAsUnsigned()
    return quoted(value, start, size)


class CxxSequence(Items):
    """A `vector`: from one address to another."""

    def update(self):
        begin, end = child(self.value, "__begin_"), child(self.value, "__end_")
        self.bits = child(self.value, "__size_").GetValueAsUnsigned() if not end.IsValid() else None
        self.start = follow(begin)
        self.type = pointee(begin)
        self.size = 0
        if self.bits is None and self.type and self.type.GetByteSize():
            self.size = (follow(end) - self.start) // self.type.GetByteSize()
        return False

    def num_children(self, most=None):
        return self.size if self.bits is None else self.bits

    def address(self, index):
        return self.start + index * self.type.GetByteSize()

    def get_child_at_index(self, index):
        if self.bits is None:
            return super().get_child_at_index(index)
        byte = word(self.value.GetTarget(), self.start + index // 8, 1) or 0
        bit = "true" if byte >> index % 8 & 1 else "false"
        return self.value.CreateValueFromExpression("[%d]" % index, bit)


class CxxNodes(Items):
    """Containers whose items lie in nodes, each in memory of its own: lists, and
    trees and tables of keys."""

    def update(self):
        value = self.value.GetNonSyntheticValue()
        inner = part(value, "__tree_", "__table_")
        inner = inner if inner.IsValid() else value
        self.type = inner.GetType().GetCanonicalType().GetTemplateArgumentType(0)
        self.nodes = self.find(inner)
        align = alignment(self.type)
        self.offset = (self.header + align - 1) // align * align
        if re.match(LIBCXX + r"__(hash_)?value_type<", self.type.GetCanonicalType().GetName() or ""):
            # Of a map, which has a pair in it.
            self.type = self.type.GetFieldAtIndex(0).GetType()
        return False

    def find(self, inner):
        """The addresses of nodes, and the size of what precedes an item."""
        name = inner.GetType().GetCanonicalType().GetName()
        base = memory(inner) or 0
        if re.match(LIBCXX + "__tree<", name):
            begin = child(inner, "__begin_node_")
            size = part(inner, "__pair3_", "__size_").GetValueAsUnsigned()
            self.width = begin.GetType().GetByteSize()
            self.header = 3 * self.width + 1
            return self.tree(base, guest_address(begin), size)
        if re.match(LIBCXX + "__hash_table<", name):
            first = child(part(inner, "__p1_", "__first_node_"), "__next_")
            end = 0
        elif re.match(LIBCXX + "forward_list<", name):
            first = child(part(inner, "__before_begin_"), "__next_")
            end = 0
        else:
            ends = child(inner, "__end_")
            first, end = child(ends, "__next_"), ends.GetLoadAddress() - base
        self.width = first.GetType().GetByteSize()
        forward = re.match(LIBCXX + "forward_list<", name)
        self.header = self.width if forward else 2 * self.width
        # A list's node begins with the one before.
        next = 0 if end == 0 else self.width
        return self.chain(base, guest_address(first), end, next)

    def read(self, address):
        return word(self.value.GetTarget(), address, self.width) or 0

    def chain(self, base, node, end, next):
        found = []
        while node not in (0, end) and len(found) < MOST_ELEMENTS:
            found.append(base + node)
            node = self.read(base + node + next)
        return found

    def tree(self, base, node, size):
        """In order: a node is its left, its right and the one above it."""
        found, right, above = [], self.width, 2 * self.width
        while node and len(found) < min(size, MOST_ELEMENTS):
            found.append(base + node)
            below = self.read(base + node + right)
            if below:
                while below:
                    node, below = below, self.read(base + below)
                continue
            steps, child = 0, node
            node = self.read(base + node + above)
            while node and self.read(base + node) != child and steps < 128:
                steps, child, node = steps + 1, node, self.read(base + node + above)
        return found

    def num_children(self, most=None):
        return len(self.nodes)

    def address(self, index):
        return self.nodes[index] + self.offset if index < len(self.nodes) else None


def owned(value):
    """The pointer in what owns something."""
    return part(value.GetNonSyntheticValue(), "__ptr_")


def cxx_owner_summary(value, _):
    pointer = owned(value)
    if not guest_address(pointer):
        return "nullptr"
    to = element(pointer, "to")
    shown = (to.GetSummary() or to.GetValue()) if to is not None else None
    return shown or "0x%x" % guest_address(pointer)


class CxxOwner(Pointer):
    """Children of what owns something: those of a pointer to it."""

    def update(self):
        self.to = element(owned(self.value), "*" + (self.value.GetName() or ""))
        return False

    def has_children(self):
        return True

    def num_children(self, most=None):
        return 1

    def get_child_at_index(self, index):
        if index == 0:
            return owned(self.value).Clone("pointer")
        return super().get_child_at_index(index)

    def get_child_index(self, name):
        return 0 if name in ("pointer", "__ptr_") else super().get_child_index(name)


FORMATTERS += [
    "summary add {} -F {}.cxx_string_summary --recognizer-function {}.is_cxx_string",
    "summary add {} -e -F {}.size_summary --recognizer-function {}.is_cxx_sequence",
    "synthetic add {} -l {}.CxxSequence --recognizer-function {}.is_cxx_sequence",
    "summary add {} -e -F {}.size_summary --recognizer-function {}.is_cxx_nodes",
    "synthetic add {} -l {}.CxxNodes --recognizer-function {}.is_cxx_nodes",
    "summary add {} -e -F {}.cxx_owner_summary --recognizer-function {}.is_cxx_owner",
    "synthetic add {} -l {}.CxxOwner --recognizer-function {}.is_cxx_owner",
]
