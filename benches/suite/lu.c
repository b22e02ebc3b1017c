// Gaussian elimination with pivots: row operations that LLVM vectorises natively.
#include <math.h>
#include <stdio.h>

#define N 420
static double a[N][N], b[N];

int main(void) {
    double check = 0;
    for (int round = 0; round < 32; round++) {
        unsigned seed = 12345 + round;
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) { seed = seed * 1664525 + 1013904223; a[i][j] = (seed >> 8) / 16777216.0; }
            b[i] = i;
        }
        for (int k = 0; k < N; k++) {
            int p = k;
            for (int i = k + 1; i < N; i++) if (fabs(a[i][k]) > fabs(a[p][k])) p = i;
            for (int j = 0; j < N; j++) { double t = a[k][j]; a[k][j] = a[p][j]; a[p][j] = t; }
            double t = b[k]; b[k] = b[p]; b[p] = t;
            for (int i = k + 1; i < N; i++) {
                double f = a[i][k] / a[k][k];
                for (int j = k; j < N; j++) a[i][j] -= f * a[k][j];
                b[i] -= f * b[k];
            }
        }
        for (int i = N - 1; i >= 0; i--) {
            for (int j = i + 1; j < N; j++) b[i] -= a[i][j] * b[j];
            b[i] /= a[i][i];
        }
        check += b[N / 2];
    }
    printf("%.3f\n", check);
}
