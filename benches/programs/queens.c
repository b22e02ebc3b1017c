// Direct calls: places queens on boards by recursion; Ackermann's function and
// Fibonacci's numbers, as their definitions say.

#include <stdint.h>
#include <stdio.h>

static uint32_t nodes;

// Ways to fill the remaining rows, given what the queens so far attack.
__attribute__((noinline)) static uint32_t queens(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
    nodes++;
    if (columns == all) return 1;
    uint32_t ways = 0;
    for (uint32_t free = all & ~(columns | left | right); free != 0;) {
        uint32_t bit = free & -free;
        free ^= bit;
        ways += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return ways;
}

__attribute__((noinline)) static uint32_t ackermann(uint32_t m, uint32_t n) {
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

__attribute__((noinline)) static uint32_t fibonacci(uint32_t n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

int main(void) {
    static const uint32_t known[] = {92, 352, 724, 2680, 14200, 73712, 365596};
    for (uint32_t n = 8; n <= 14; n++) {
        uint32_t ways = queens((1u << n) - 1, 0, 0, 0);
        if (ways != known[n - 8]) return printf("%u queens: %u ways\n", n, ways), 1;
    }
    uint32_t a = ackermann(2, 3000), f = fibonacci(40);
    if (a != 6003 || f != 102334155) return printf("%u, %u\n", a, f), 1;
    printf("%u boards, %u, %u\n", nodes, a, f);
    return 0;
}
