// Digits of pi by a spigot on arrays of 32-bit words: 64-bit products and divisions.
#include <stdint.h>
#include <stdio.h>

#define DIGITS 9000
#define LEN (DIGITS * 10 / 3 + 2)
static uint32_t a[LEN];

int main(void) {
    for (int i = 0; i < LEN; i++) a[i] = 2;
    uint32_t check = 0;
    for (int d = 0; d < DIGITS / 4; d++) {
        uint64_t carry = 0;
        for (int i = LEN - 1; i > 0; i--) {
            uint64_t x = a[i] * 10000ull + carry;
            a[i] = x % (2 * i + 1);
            carry = x / (2 * i + 1) * i;
        }
        uint64_t x = a[0] * 10000ull + carry;
        a[0] = x % 10000;
        check = check * 31 + (uint32_t)(x / 10000);
    }
    printf("%u\n", check);
}
