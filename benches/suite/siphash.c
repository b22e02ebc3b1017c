// SipHash-2-4 of short keys: 64-bit rotations, additions.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))
#define ROUND do { \
    v0 += v1; v1 = ROTL(v1, 13) ^ v0; v0 = ROTL(v0, 32); \
    v2 += v3; v3 = ROTL(v3, 16) ^ v2; \
    v0 += v3; v3 = ROTL(v3, 21) ^ v0; \
    v2 += v1; v1 = ROTL(v1, 17) ^ v2; v2 = ROTL(v2, 32); } while (0)

static uint64_t siphash(const uint8_t *in, size_t len, uint64_t k0, uint64_t k1) {
    uint64_t v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d;
    uint64_t v2 = k0 ^ 0x6c7967656e657261, v3 = k1 ^ 0x7465646279746573;
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t m;
        memcpy(&m, in + i, 8);
        v3 ^= m; ROUND; ROUND; v0 ^= m;
    }
    uint64_t last = (uint64_t)len << 56;
    for (unsigned s = 0; i < len; i++, s += 8) last |= (uint64_t)in[i] << s;
    v3 ^= last; ROUND; ROUND; v0 ^= last;
    v2 ^= 255; ROUND; ROUND; ROUND; ROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}

int main(void) {
    uint8_t text[64];
    for (int i = 0; i < 64; i++) text[i] = i * 7;
    uint64_t sum = 0;
    for (int i = 0; i < 15000000; i++) { text[i & 31] ^= i; sum += siphash(text, 8 + (i & 31), i, sum); }
    printf("%016llx\n", (unsigned long long)sum);
}
