// CRC-32 by a table, byte by byte, and by eight tables.
#include <stdint.h>
#include <stdio.h>

static uint32_t table[8][256];
static uint8_t data[1 << 20];

int main(void) {
    for (int i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
        table[0][i] = c;
    }
    for (int t = 1; t < 8; t++)
        for (int i = 0; i < 256; i++) table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 255];
    for (unsigned i = 0; i < sizeof data; i++) data[i] = i * i >> 7;
    uint32_t crc = ~0u, fast = ~0u;
    for (int round = 0; round < 120; round++) {
        for (unsigned i = 0; i < sizeof data; i++) crc = crc >> 8 ^ table[0][(crc ^ data[i]) & 255];
        for (unsigned i = 0; i < sizeof data; i += 8) {
            const uint8_t *p = data + i;
            fast ^= p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
            fast = table[7][fast & 255] ^ table[6][fast >> 8 & 255] ^ table[5][fast >> 16 & 255] ^ table[4][fast >> 24]
                ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
        }
    }
    printf("%08x %d\n", ~crc, crc == fast);
}
