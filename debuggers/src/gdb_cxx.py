

# Containers of libc++, the C++ library of WebAssembly programs, whose pointers
# may be of either kind.

LIBCXX = re.compile(r"^std::__\w+::(\w+)<")
#: What maps have in their nodes.
PAIR = re.compile(r"^std::__\w+::__(hash_)?value_type<")


def has(value, name):
    return any(field.name == name for field in value.type.strip_typedefs().fields())


def part(value, *names):
    """The first member that a value has of these names: versions differ. What
    it holds, where that is a pair of which the second part takes no room."""
    for name in names:
        if has(value, name):
            found = value[name]
            kind = found.type.strip_typedefs()
            if "__compressed_pair<" in (kind.name or ""):
                return found[kind.fields()[0]]["__value_"]
            return found
    raise gdb.error("no member " + names[0])


def to_guest(pointer):
    return is_pointer(pointer.type)


def number(pointer):
    """What a pointer of either kind holds."""
    return address(pointer) if to_guest(pointer) else int(pointer)


class Node:
    """Where a container has its items: nodes in memory of their own."""

    def __init__(self, pointer):
        self.base = memory() if to_guest(pointer) else 0
        self.width = pointer.type.sizeof
        self.word = "unsigned int" if self.width == 4 else "unsigned long"

    def read(self, node, place=0):
        return word(self.base + node + place * self.width, self.word)

    def item(self, node, header, type):
        """The item behind a node's header of some bytes."""
        align = type.alignof
        at = self.base + node + (header + align - 1) // align * align
        return gdb.Value(at).cast(type.pointer()).dereference()

    def chain(self, node, end, place):
        while node not in (0, end):
            yield node
            node = self.read(node, place)

    def tree(self, node, size):
        """In order: a node is its left, its right and the one above it."""
        while node and size:
            yield node
            size -= 1
            below = self.read(node, 1)
            if below:
                while below:
                    node, below = below, self.read(below)
                continue
            child, node = node, self.read(node, 2)
            while node and size and self.read(node) != child:
                child, node = node, self.read(node, 2)


class Nodes:
    """Printer of lists, trees and tables."""

    def __init__(self, name, inner):
        self.name, self.inner = name, inner
        self.type = inner.type.strip_typedefs().template_argument(0)
        self.pairs = bool(PAIR.match(self.type.strip_typedefs().name or ""))

    def items(self):
        inner = self.inner
        kind = LIBCXX.match(inner.type.strip_typedefs().name).group(1)
        if kind == "__tree":
            begin = inner["__begin_node_"]
            nodes = Node(begin)
            header, found = 3 * nodes.width + 1, nodes.tree(number(begin), self.size())
        elif kind == "__hash_table":
            first = part(inner, "__p1_", "__first_node_")["__next_"]
            nodes = Node(first)
            header, found = 2 * nodes.width, nodes.chain(number(first), 0, 0)
        elif kind == "forward_list":
            first = part(inner, "__before_begin_")["__next_"]
            nodes = Node(first)
            header, found = nodes.width, nodes.chain(number(first), 0, 0)
        else:
            first = inner["__end_"]["__next_"]
            nodes = Node(first)
            end = int(inner["__end_"].address) - nodes.base
            header, found = 2 * nodes.width, nodes.chain(number(first), end, 1)
        for node in found:
            yield nodes.item(node, header, self.type)

    def size(self):
        if has(self.inner, "__pair3_") or has(self.inner, "__p2_"):
            return int(part(self.inner, "__pair3_", "__p2_"))
        if has(self.inner, "__size_alloc_") or has(self.inner, "__size_"):
            return int(part(self.inner, "__size_alloc_", "__size_"))
        return sum(1 for _ in self.items())

    def to_string(self):
        return "%s(size=%d)" % (self.name, self.size())

    def children(self):
        for index, item in enumerate(self.items()):
            if self.pairs:
                # Of a map, which has a pair in it.
                pair = item[item.type.strip_typedefs().fields()[0]]
                yield "[%d].first" % index, pair["first"]
                yield "[%d].second" % index, pair["second"]
            else:
                yield "[%d]" % index, item

    def display_hint(self):
        return "map" if self.pairs else "array"


class Owner:
    """Printer of what owns something."""

    def __init__(self, name, value):
        self.name, self.pointer = name, part(value, "__ptr_")

    def to_string(self):
        return "%s(%s)" % (self.name, hex(number(self.pointer)))

    def children(self):
        if number(self.pointer):
            yield "*", follow(self.pointer).dereference()


class Optional:
    """Printer of `optional`."""

    def __init__(self, name, value):
        self.name, self.value = name, value

    def to_string(self):
        return self.name if self.value["__engaged_"] else self.name + "(nothing)"

    def children(self):
        if self.value["__engaged_"]:
            yield "*", self.value["__val_"]


def cxx_string(value):
    representation = part(value, "__r_", "__rep_")
    short = representation["__s"]
    if int(short["__is_long_"]):
        long = representation["__l"]
        return Text(follow(long["__data_"]), int(long["__size_"]))
    start = short["__data_"].address.cast(gdb.lookup_type("char").pointer())
    return Text(start, int(short["__size_"]))


def cxx(value):
    """The printer of a container of the library, if it is one."""
    type = value.type.strip_typedefs()
    found = LIBCXX.match(type.name or "") if type.code == gdb.TYPE_CODE_STRUCT else None
    name = found.group(1) if found else None
    full = "std::%s" % name
    if name == "basic_string" and type.template_argument(0).sizeof == 1:
        return cxx_string(value)
    if name == "vector" and has(value, "__end_"):
        start, end = follow(value["__begin_"]), follow(value["__end_"])
        return Elements(full, start, int(end - start) if int(start) else 0)
    if name in ("map", "multimap", "set", "multiset"):
        return Nodes(full, value["__tree_"])
    if name in ("unordered_map", "unordered_multimap", "unordered_set", "unordered_multiset"):
        return Nodes(full, value["__table_"])
    if name in ("list", "forward_list"):
        return Nodes(full, value)
    if name in ("unique_ptr", "shared_ptr", "weak_ptr"):
        return Owner(full, value)
    if name == "optional":
        return Optional(full, value)
    return None


class CxxPrinters(Printers):
    """The printers of the library, as GDB lists them."""

    name = "precast-libc++"

    def __call__(self, value):
        return cxx(value)


class CxxWorker(gdb.xmethod.XMethodWorker):
    """Applies an operator without calling the guest's own."""

    def __init__(self, method):
        self.method = method

    def get_arg_types(self):
        return [gdb.lookup_type("long")] if self.method == "operator[]" else None

    def get_result_type(self, value, *_):
        return self(value, 0).type

    def __call__(self, value, index=0):
        if value.type.code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_REF):
            value = value.referenced_value()
        if self.method == "operator[]":
            return (follow(value["__begin_"]) + int(index)).dereference()
        pointer = follow(part(value, "__ptr_"))
        return pointer if self.method == "operator->" else pointer.dereference()


class CxxOperators(gdb.xmethod.XMethodMatcher):
    """The operators of vectors and of what owns something."""

    OPERATORS = {"vector": ("operator[]",), "unique_ptr": ("operator*", "operator->")}
    OPERATORS["shared_ptr"] = OPERATORS["unique_ptr"]

    def __init__(self):
        super().__init__("precast-libc++")
        self.methods = [Operator(name) for name in ("operator*", "operator->", "operator[]")]

    def match(self, type, method):
        found = LIBCXX.match(type.strip_typedefs().unqualified().name or "")
        known = self.OPERATORS.get(found.group(1), ()) if found else ()
        return CxxWorker(method) if method in known else None


if not any(getattr(printer, "name", None) == CxxPrinters.name for printer in gdb.pretty_printers):
    gdb.printing.register_pretty_printer(None, CxxPrinters())
    gdb.xmethod.register_xmethod_matcher(None, CxxOperators())
