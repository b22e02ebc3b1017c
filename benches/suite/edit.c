// Distances between words by dynamic programming: minima of three.
#include <stdio.h>
#include <string.h>

static int min(int a, int b) { return a < b ? a : b; }

static int distance(const char *a, const char *b) {
    int n = strlen(a), m = strlen(b), row[129];
    for (int j = 0; j <= m; j++) row[j] = j;
    for (int i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int next = min(min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = row[j];
            row[j] = next;
        }
    }
    return row[m];
}

int main(void) {
    static char words[128][128];
    unsigned seed = 4;
    for (int i = 0; i < 128; i++) for (int c = 0; c < 64 + i % 60; c++) { seed = seed * 1664525 + 1013904223; words[i][c] = 'a' + (seed >> 24) % 4; }
    long long sum = 0;
    for (int i = 0; i < 128; i++) for (int j = 0; j < 128; j++) sum += distance(words[i], words[j]);
    printf("%lld\n", sum);
}
