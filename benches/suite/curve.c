// A ladder on Curve25519: 128-bit products of 51-bit limbs.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t Field[5];
typedef unsigned __int128 u128;
#define MASK ((1ull << 51) - 1)

static void mul(Field out, const Field a, const Field b) {
    u128 t[5];
    for (int i = 0; i < 5; i++) {
        t[i] = 0;
        for (int j = 0; j < 5; j++) {
            uint64_t f = j <= i ? 1 : 19;
            t[i] += (u128)a[j] * (b[(i - j + 5) % 5] * f);
        }
    }
    uint64_t c = 0;
    for (int i = 0; i < 5; i++) { t[i] += c; out[i] = (uint64_t)t[i] & MASK; c = (uint64_t)(t[i] >> 51); }
    out[0] += c * 19;
    out[1] += out[0] >> 51;
    out[0] &= MASK;
}
static void add(Field out, const Field a, const Field b) { for (int i = 0; i < 5; i++) out[i] = a[i] + b[i]; }
static void sub(Field out, const Field a, const Field b) {
    for (int i = 0; i < 5; i++) out[i] = a[i] + (i ? 0xffffffffffffeull : 0xfffffffffffdaull) - b[i];
}
static void cswap(Field a, Field b, uint64_t swap) {
    uint64_t mask = -swap;
    for (int i = 0; i < 5; i++) { uint64_t t = mask & (a[i] ^ b[i]); a[i] ^= t; b[i] ^= t; }
}

static void ladder(Field x1, const uint8_t *scalar) {
    Field x2 = {1}, z2 = {0}, x3, z3 = {1}, a, b, c, d, da, cb, aa, bb, e, k = {121665};
    memcpy(x3, x1, sizeof x3);
    uint64_t swap = 0;
    for (int bit = 254; bit >= 0; bit--) {
        uint64_t now = scalar[bit >> 3] >> (bit & 7) & 1;
        cswap(x2, x3, swap ^ now); cswap(z2, z3, swap ^ now);
        swap = now;
        add(a, x2, z2); sub(b, x2, z2); add(c, x3, z3); sub(d, x3, z3);
        mul(da, d, a); mul(cb, c, b);
        add(x3, da, cb); mul(x3, x3, x3);
        sub(z3, da, cb); mul(z3, z3, z3); mul(z3, z3, x1);
        mul(aa, a, a); mul(bb, b, b);
        mul(x2, aa, bb);
        sub(e, aa, bb); mul(z2, k, e); add(z2, z2, aa); mul(z2, z2, e);
    }
    mul(x1, x2, z3);
}

int main(void) {
    uint8_t scalar[32];
    Field point = {9};
    for (int i = 0; i < 32; i++) scalar[i] = i * 37 + 5;
    for (int round = 0; round < 6000; round++) { ladder(point, scalar); scalar[round & 31] ^= point[0]; }
    printf("%016llx\n", (unsigned long long)(point[0] & MASK));
}
