// Primes by a segmented sieve, their gaps counted; C's printf for output.
extern fn printf(format: [*:0]const u8, ...) c_int;

const limit = 60_000_000;
const segment = 1 << 16;
var small: [8000]u32 = undefined;
var starts: [8000]u32 = undefined;
var flags: [segment]bool = undefined;
var composite: [8000]bool = undefined;

pub fn main() u8 {
    var count: usize = 0;
    var i: u32 = 2;
    while (i < 8000) : (i += 1) {
        if (composite[i]) continue;
        small[count] = i;
        starts[count] = i * i;
        count += 1;
        var k = i * i;
        while (k < 8000) : (k += i) composite[k] = true;
    }
    var gaps: [200]u32 = @splat(0);
    var last: u32 = 2;
    var primes: u32 = 0;
    var low: u32 = 0;
    while (low < limit) : (low += segment) {
        for (&flags) |*flag| flag.* = true;
        for (small[0..count], starts[0..count]) |p, *start| {
            var k = start.*;
            while (k < low + segment) : (k += p) flags[k - low] = false;
            start.* = k;
        }
        for (flags, 0..) |flag, at| {
            const n: u32 = low + @as(u32, @intCast(at));
            if (!flag or n < 2 or n >= limit) continue;
            primes += 1;
            gaps[@min(n - last, 199)] += 1;
            last = n;
        }
    }
    _ = printf("%u %u %u\n", primes, gaps[2], gaps[6]);
    return 0;
}
