// Floating point: solves dense linear systems, multiplies matrices and lets
// the outer planets move. The sums are exact to the bit, as IEEE 754 and the
// absence of fused operations demand.

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define N 320

static double a[N][N], b[N][N], c[N][N], x[N];

static void fill(uint32_t seed) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            seed = seed * 1664525u + 1013904223u;
            a[i][j] = (double)(seed >> 8) / (1 << 24) - 0.5;
            b[j][i] = a[i][j] * 0.25 + (i == j ? N : 0);
        }
    }
}

static void multiply(void) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
    }
}

// Solves b·x = row 0 of c, which destroys b.
static void solve(void) {
    for (int i = 0; i < N; i++) x[i] = c[0][i];
    for (int k = 0; k < N; k++) {
        for (int i = k + 1; i < N; i++) {
            double factor = b[i][k] / b[k][k];
            for (int j = k; j < N; j++) b[i][j] -= factor * b[k][j];
            x[i] -= factor * x[k];
        }
    }
    for (int i = N - 1; i >= 0; i--) {
        for (int j = i + 1; j < N; j++) x[i] -= b[i][j] * x[j];
        x[i] /= b[i][i];
    }
}

struct body {
    double x, y, z, u, v, w, mass;
};

static struct body bodies[5] = {
    {0, 0, 0, 0, 0, 0, 39.47},
    {4.84, -1.16, -0.10, 0.606, 2.81, -0.02, 0.037},
    {8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011},
    {12.89, -15.11, -0.22, 1.08, 0.868, -0.01, 0.0017},
    {15.37, -25.9, 0.179, 0.979, 0.594, -0.034, 0.002},
};

static void move(double step) {
    for (int i = 0; i < 5; i++) {
        for (int j = i + 1; j < 5; j++) {
            struct body *p = &bodies[i], *q = &bodies[j];
            double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
            double square = dx * dx + dy * dy + dz * dz;
            double pull = step / (square * sqrt(square));
            p->u -= dx * q->mass * pull, p->v -= dy * q->mass * pull, p->w -= dz * q->mass * pull;
            q->u += dx * p->mass * pull, q->v += dy * p->mass * pull, q->w += dz * p->mass * pull;
        }
    }
    for (int i = 0; i < 5; i++) {
        bodies[i].x += step * bodies[i].u;
        bodies[i].y += step * bodies[i].v;
        bodies[i].z += step * bodies[i].w;
    }
}

static uint64_t bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

int main(void) {
    uint64_t sum = 0;
    for (uint32_t round = 0; round < 8; round++) {
        fill(round);
        multiply();
        solve();
        for (int i = 0; i < N; i++) sum = sum * 31 + bits(x[i]);
    }
    for (int i = 0; i < 2000000; i++) move(0.001);
    for (int i = 0; i < 5; i++) sum = sum * 31 + bits(bodies[i].x);
    printf("checksum %016llx\n", (unsigned long long)sum);
    return 0;
}
