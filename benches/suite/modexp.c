// RSA's power with Montgomery products of 1024 bits, 32-bit limbs.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define L 32
static uint32_t n[L], n0;

static void product(uint32_t *out, const uint32_t *a, const uint32_t *b) {
    uint32_t t[L + 2] = {0};
    for (int i = 0; i < L; i++) {
        uint64_t c = 0;
        for (int j = 0; j < L; j++) { c += t[j] + (uint64_t)a[j] * b[i]; t[j] = c; c >>= 32; }
        c += t[L]; t[L] = c; t[L + 1] = c >> 32;
        uint32_t m = t[0] * n0;
        c = (t[0] + (uint64_t)m * n[0]) >> 32;
        for (int j = 1; j < L; j++) { c += t[j] + (uint64_t)m * n[j]; t[j - 1] = c; c >>= 32; }
        c += t[L]; t[L - 1] = c; t[L] = t[L + 1] + (c >> 32);
    }
    int64_t borrow = 0;
    uint32_t r[L];
    for (int i = 0; i < L; i++) { borrow += (int64_t)t[i] - n[i]; r[i] = borrow; borrow >>= 32; }
    memcpy(out, t[L] || !borrow ? r : t, sizeof r);
}

int main(void) {
    uint32_t seed = 77, base[L], power[L], e[L];
    for (int i = 0; i < L; i++) { seed = seed * 1664525 + 1013904223; n[i] = seed; base[i] = seed ^ i; e[i] = seed * 3; }
    n[0] |= 1; n[L - 1] |= 1u << 31; base[L - 1] = 1;
    n0 = 1;
    for (int i = 0; i < 5; i++) n0 *= 2 - n[0] * n0;
    n0 = -n0;
    memcpy(power, base, sizeof power);
    for (int round = 0; round < 180; round++)
        for (int bit = 1023; bit >= 0; bit--) {
            product(power, power, power);
            if (e[bit >> 5] >> (bit & 31) & 1) product(power, power, base);
        }
    printf("%08x\n", power[0]);
}
