// SHA-512's compression: 64-bit words, many of them alive at once.
#include <stdint.h>
#include <stdio.h>

#define R(x, n) ((x) >> (n) | (x) << (64 - (n)))
static uint64_t k[80], h[8];

static void block(const uint64_t *in) {
    uint64_t w[80], s[8];
    for (int i = 0; i < 16; i++) w[i] = in[i];
    for (int i = 16; i < 80; i++) {
        uint64_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (R(a, 1) ^ R(a, 8) ^ a >> 7) + w[i - 7] + (R(b, 19) ^ R(b, 61) ^ b >> 6);
    }
    for (int i = 0; i < 8; i++) s[i] = h[i];
    for (int i = 0; i < 80; i++) {
        uint64_t e = s[4], a = s[0];
        uint64_t t1 = s[7] + (R(e, 14) ^ R(e, 18) ^ R(e, 41)) + ((e & s[5]) ^ (~e & s[6])) + k[i] + w[i];
        uint64_t t2 = (R(a, 28) ^ R(a, 34) ^ R(a, 39)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        s[7] = s[6]; s[6] = s[5]; s[5] = e; s[4] = s[3] + t1;
        s[3] = s[2]; s[2] = s[1]; s[1] = a; s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
}

int main(void) {
    uint64_t x = 88172645463325252u, data[16];
    for (int i = 0; i < 80; i++) { x ^= x << 13; x ^= x >> 7; x ^= x << 17; k[i] = x; }
    for (int i = 0; i < 8; i++) h[i] = k[i] * 3;
    for (int n = 0; n < 900000; n++) {
        for (int i = 0; i < 16; i++) data[i] = n * (i + 1);
        block(data);
    }
    printf("%016llx\n", (unsigned long long)h[0]);
}
