// Bit counting: a sieve walked bit by bit, nearest codes by Hamming distance,
// and knights on bit boards.

#include <stdint.h>
#include <stdio.h>

enum { LIMIT = 1 << 22, CODES = 8192 };

static uint64_t sieve[LIMIT / 64], codes[CODES][4];

static uint64_t rotl(uint64_t x, int n) { return x << n | x >> (64 - n); }

static uint64_t primes(void) {
    for (int i = 0; i < LIMIT / 64; i++) sieve[i] = 0xaaaaaaaaaaaaaaaau;
    sieve[0] ^= 6;
    for (uint64_t p = 3; p * p < LIMIT; p += 2) {
        if (!(sieve[p / 64] >> p % 64 & 1)) continue;
        for (uint64_t m = p * p; m < LIMIT; m += 2 * p) sieve[m / 64] &= ~(1ull << m % 64);
    }
    uint64_t sum = 0;
    for (uint64_t i = 0; i < LIMIT / 64; i++) {
        // The lowest bit that is set, then without it.
        for (uint64_t bits = sieve[i]; bits; bits &= bits - 1) {
            sum += i * 64 + (uint64_t)__builtin_ctzll(bits);
        }
    }
    return sum;
}

static uint64_t nearest(void) {
    uint64_t sum = 0;
    for (int i = 0; i < CODES; i += 2) {
        int best = 256;
        for (int j = 0; j < CODES; j++) {
            int distance = 0;
            for (int k = 0; k < 4; k++) {
                distance += __builtin_popcountll(codes[i][k] ^ codes[j][k]);
            }
            if (distance < best && i != j) best = distance;
        }
        sum += (uint64_t)best;
    }
    return sum;
}

static uint64_t knights(void) {
    const uint64_t a = 0x0101010101010101u, h = a << 7, ab = a | a << 1, gh = h | h >> 1;
    uint64_t state = 0x9e3779b97f4a7c15u, sum = 0;
    for (int i = 0; i < 80000000; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        uint64_t n = state & rotl(state, 21);
        uint64_t to = (n << 17 & ~a) | (n << 15 & ~h) | (n << 10 & ~ab) | (n << 6 & ~gh) |
                      (n >> 17 & ~h) | (n >> 15 & ~a) | (n >> 10 & ~gh) | (n >> 6 & ~ab);
        to &= ~n;
        sum += (uint64_t)__builtin_popcountll(to);
        if (to) sum += (uint64_t)(63 - __builtin_clzll(to));
    }
    return sum;
}

int main(void) {
    uint64_t state = 1;
    for (int i = 0; i < CODES * 4; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        codes[i / 4][i % 4] = state ^ state >> 29;
    }
    uint64_t sum = 0;
    for (int round = 0; round < 40; round++) sum = sum * 31 + primes();
    printf("bits %llu %llu %llu\n", (unsigned long long)sum, (unsigned long long)nearest(),
           (unsigned long long)knights());
}
