// Heat over a grid of integers: two-dimensional neighbours.
#include <stdio.h>
#include <string.h>

#define W 512
#define H 512
static int now[H][W], next[H][W];

int main(void) {
    for (int y = 0; y < H; y++) for (int x = 0; x < W; x++) now[y][x] = (x * 7919 + y * 104729) & 0xffff;
    for (int step = 0; step < 2000; step++) {
        for (int y = 1; y < H - 1; y++)
            for (int x = 1; x < W - 1; x++)
                next[y][x] = (4 * now[y][x] + now[y - 1][x] + now[y + 1][x] + now[y][x - 1] + now[y][x + 1]) >> 3;
        memcpy(now, next, sizeof now);
    }
    long long sum = 0;
    for (int y = 0; y < H; y++) for (int x = 0; x < W; x++) sum += now[y][x];
    printf("%lld\n", sum);
}
