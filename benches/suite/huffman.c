// Huffman codes built, written bit by bit, and decoded through the tree.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define N (1 << 20)
static uint8_t text[N], bits[2 * N], back[N];
static int left[512], right[512], weight[512], parent[512];
static uint32_t code[256];
static uint8_t length[256];

static int smallest(int nodes) {
    int best = -1;
    for (int i = 0; i < nodes; i++) if (parent[i] < 0 && weight[i] && (best < 0 || weight[i] < weight[best])) best = i;
    return best;
}

static void assign(int node, uint32_t prefix, int depth) {
    if (node < 256) { code[node] = prefix; length[node] = depth; return; }
    assign(left[node], prefix << 1, depth + 1);
    assign(right[node], prefix << 1 | 1, depth + 1);
}

int main(void) {
    unsigned seed = 3;
    for (int i = 0; i < N; i++) { seed = seed * 1664525 + 1013904223; text[i] = __builtin_ctz(seed | 1 << 30) * 7 + (seed >> 28); }
    unsigned long long total = 0;
    for (int round = 0; round < 16; round++) {
        memset(weight, 0, sizeof weight);
        memset(parent, -1, sizeof parent);
        for (int i = 0; i < N; i++) weight[text[i]]++;
        int nodes = 256, root = 0;
        for (;;) {
            int a = smallest(nodes);
            parent[a] = 0;
            int b = smallest(nodes);
            if (b < 0) { root = a; break; }
            parent[b] = 0;
            left[nodes] = a; right[nodes] = b; weight[nodes] = weight[a] + weight[b];
            nodes++;
        }
        assign(root, 0, 0);
        memset(bits, 0, sizeof bits);
        unsigned at = 0;
        for (int i = 0; i < N; i++)
            for (int b = length[text[i]]; b-- > 0; at++) bits[at >> 3] |= (code[text[i]] >> b & 1) << (at & 7);
        unsigned pos = 0;
        for (int i = 0; i < N; i++) {
            int node = root;
            while (node >= 256) { node = bits[pos >> 3] >> (pos & 7) & 1 ? right[node] : left[node]; pos++; }
            back[i] = node;
        }
        total += at + memcmp(text, back, N);
    }
    printf("%llu\n", total);
}
