// LZ77 with a hash table, packed and unpacked: byte copies, match lengths.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define N (1 << 20)
static uint8_t text[N], packed[2 * N], back[N];
static int table[1 << 15];

static unsigned load32(const uint8_t *p) { unsigned v; memcpy(&v, p, 4); return v; }

static int pack(void) {
    memset(table, -1, sizeof table);
    int out = 0;
    for (int i = 0; i < N;) {
        int length = 0, from = -1;
        if (i + 4 <= N) {
            unsigned hash = load32(text + i) * 2654435761u >> 17;
            from = table[hash];
            table[hash] = i;
            if (from >= 0 && i - from < 65535)
                while (i + length < N && length < 255 && text[from + length] == text[i + length]) length++;
        }
        if (length >= 6) {
            packed[out++] = 0; packed[out++] = length;
            packed[out++] = (i - from) >> 8; packed[out++] = i - from;
            i += length;
        } else {
            packed[out++] = 1; packed[out++] = text[i++];
        }
    }
    return out;
}

static void unpack(int size) {
    uint8_t *to = back;
    for (int i = 0; i < size;) {
        if (packed[i]) { *to++ = packed[i + 1]; i += 2; continue; }
        int length = packed[i + 1], distance = packed[i + 2] << 8 | packed[i + 3];
        for (const uint8_t *from = to - distance; length-- > 0;) *to++ = *from++;
        i += 4;
    }
}

int main(void) {
    unsigned seed = 5;
    static const char *words[] = {"the ", "compiler ", "of ", "loops ", "a ", "memory ", "was ", "never "};
    for (int i = 0; i < N;) {
        seed = seed * 1103515245 + 12345;
        for (const char *w = words[seed >> 16 & 7]; *w && i < N; w++) text[i++] = *w;
        if ((seed >> 24) % 5 == 0 && i < N) text[i++] = seed >> 20;
    }
    int size = 0;
    for (int round = 0; round < 50; round++) {
        size = pack();
        unpack(size);
    }
    printf("%d %d\n", size, memcmp(text, back, N));
}
