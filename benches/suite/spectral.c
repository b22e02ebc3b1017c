// The largest eigenvalue of an infinite matrix: divisions in a small inlined function.
#include <math.h>
#include <stdio.h>

#define N 1400
static double u[N], v[N], t[N];

static double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void times(const double *in, double *out, int transposed) {
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int j = 0; j < N; j++) sum += (transposed ? element(j, i) : element(i, j)) * in[j];
        out[i] = sum;
    }
}

int main(void) {
    for (int i = 0; i < N; i++) u[i] = 1;
    for (int i = 0; i < 36; i++) {
        times(u, t, 0); times(t, v, 1);
        times(v, t, 0); times(t, u, 1);
    }
    double uv = 0, vv = 0;
    for (int i = 0; i < N; i++) { uv += u[i] * v[i]; vv += v[i] * v[i]; }
    printf("%.6f\n", sqrt(uv / vv));
}
