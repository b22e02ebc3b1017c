// A binary heap in an array: unpredictable branches, index arithmetic.
#include <stdio.h>

#define N 1000000
static unsigned v[N];

static void sift(unsigned *heap, int root, int n) {
    unsigned value = heap[root];
    for (int child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && heap[child] < heap[child + 1]) child++;
        if (heap[child] <= value) break;
        heap[root] = heap[child];
    }
    heap[root] = value;
}

int main(void) {
    unsigned seed = 1, check = 0;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < N; i++) { seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5; v[i] = seed; }
        for (int i = N / 2; i-- > 0;) sift(v, i, N);
        for (int n = N; n-- > 1;) { unsigned t = v[0]; v[0] = v[n]; v[n] = t; sift(v, 0, n); }
        for (int i = 0; i < N; i += 1000) check = check * 31 + v[i];
    }
    printf("%u\n", check);
}
