// The game of life on bytes, with edges that wrap.
#include <stdio.h>
#include <string.h>

#define W 256
#define H 256
static unsigned char now[H][W], next[H][W];

int main(void) {
    unsigned seed = 6;
    for (int y = 0; y < H; y++) for (int x = 0; x < W; x++) { seed = seed * 1664525 + 1013904223; now[y][x] = seed >> 30 == 0; }
    for (int step = 0; step < 1200; step++) {
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                int n = 0;
                for (int dy = -1; dy <= 1; dy++)
                    for (int dx = -1; dx <= 1; dx++)
                        if (dx || dy) n += now[(y + dy) & (H - 1)][(x + dx) & (W - 1)];
                next[y][x] = n == 3 || (n == 2 && now[y][x]);
            }
        memcpy(now, next, sizeof now);
    }
    int alive = 0;
    for (int y = 0; y < H; y++) for (int x = 0; x < W; x++) alive += now[y][x];
    printf("%d\n", alive);
}
