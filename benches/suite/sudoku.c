// Sudokus solved by search over sets of bits.
#include <stdio.h>

static int row[9], col[9], box[9], grid[81];
static long long nodes;

static int solve(void) {
    int best = -1, fewest = 10, choices = 0;
    for (int i = 0; i < 81; i++) {
        if (grid[i]) continue;
        int free = ~(row[i / 9] | col[i % 9] | box[i / 27 * 3 + i % 9 / 3]) & 0x1ff;
        int count = __builtin_popcount(free);
        if (count < fewest) { fewest = count; best = i; choices = free; }
    }
    nodes++;
    if (best < 0) return 1;
    int r = best / 9, c = best % 9, b = r / 3 * 3 + c / 3;
    for (; choices; choices &= choices - 1) {
        int bit = choices & -choices;
        grid[best] = bit;
        row[r] |= bit; col[c] |= bit; box[b] |= bit;
        if (solve()) return 1;
        row[r] ^= bit; col[c] ^= bit; box[b] ^= bit;
    }
    grid[best] = 0;
    return 0;
}

int main(void) {
    static const char *puzzles[] = {
        "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
        "..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9",
        "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......",
    };
    for (int round = 0; round < 60; round++)
        for (int p = 0; p < 3; p++) {
            if (p == 1 && round % 20) continue;
            for (int i = 0; i < 9; i++) row[i] = col[i] = box[i] = 0;
            for (int i = 0; i < 81; i++) {
                int bit = puzzles[p][i] == '.' ? 0 : 1 << (puzzles[p][i] - '1');
                grid[i] = bit;
                row[i / 9] |= bit; col[i % 9] |= bit; box[i / 27 * 3 + i % 9 / 3] |= bit;
            }
            solve();
        }
    printf("%lld\n", nodes);
}
