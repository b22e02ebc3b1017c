// Shortest ways through a grid, with a heap of tagged entries.
extern fn printf(format: [*:0]const u8, ...) c_int;

const side = 512;
const Entry = struct { distance: u32, at: u32 };
var cost: [side * side]u8 = undefined;
var distance: [side * side]u32 = undefined;
var heap: [4 * side * side]Entry = undefined;
var size: usize = 0;

fn push(entry: Entry) void {
    var at = size;
    size += 1;
    while (at > 0) {
        const up = (at - 1) / 2;
        if (heap[up].distance <= entry.distance) break;
        heap[at] = heap[up];
        at = up;
    }
    heap[at] = entry;
}

fn pop() Entry {
    const top = heap[0];
    size -= 1;
    const last = heap[size];
    var at: usize = 0;
    while (true) {
        var child = 2 * at + 1;
        if (child >= size) break;
        if (child + 1 < size and heap[child + 1].distance < heap[child].distance) child += 1;
        if (heap[child].distance >= last.distance) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return top;
}

fn relax(at: u32, from: u32) void {
    const next = from + cost[at];
    if (next >= distance[at]) return;
    distance[at] = next;
    push(.{ .distance = next, .at = at });
}

pub fn main() u8 {
    var seed: u32 = 21;
    var check: u32 = 0;
    var round: u32 = 0;
    while (round < 8) : (round += 1) {
        for (&cost) |*c| {
            seed = seed *% 1664525 +% 1013904223;
            c.* = @intCast((seed >> 24) % 60 + 1);
        }
        for (&distance) |*d| d.* = 0xffff_ffff;
        size = 0;
        distance[0] = 0;
        push(.{ .distance = 0, .at = 0 });
        while (size > 0) {
            const e = pop();
            if (e.distance > distance[e.at]) continue;
            const x = e.at % side;
            const y = e.at / side;
            if (x > 0) relax(e.at - 1, e.distance);
            if (x + 1 < side) relax(e.at + 1, e.distance);
            if (y > 0) relax(e.at - side, e.distance);
            if (y + 1 < side) relax(e.at + side, e.distance);
        }
        check = check *% 31 +% distance[side * side - 1];
    }
    _ = printf("%u\n", check);
    return 0;
}
