// Radix-2 transforms forth and back: strided doubles.
#include <math.h>
#include <stdio.h>

#define LOG 16
#define N (1 << LOG)
typedef struct { double re, im; } Complex;
static Complex data[N], roots[N / 2];

static Complex mul(Complex a, Complex b) {
    return (Complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static void transform(int inverse) {
    for (unsigned i = 0, j = 0; i < N; i++) {
        if (i < j) { Complex t = data[i]; data[i] = data[j]; data[j] = t; }
        unsigned bit = N >> 1;
        while (j & bit) { j ^= bit; bit >>= 1; }
        j |= bit;
    }
    for (int len = 2; len <= N; len *= 2)
        for (int i = 0; i < N; i += len)
            for (int k = 0; k < len / 2; k++) {
                Complex w = roots[k * (N / len)];
                if (inverse) w.im = -w.im;
                Complex a = data[i + k], b = mul(data[i + k + len / 2], w);
                data[i + k] = (Complex){a.re + b.re, a.im + b.im};
                data[i + k + len / 2] = (Complex){a.re - b.re, a.im - b.im};
            }
    if (inverse)
        for (int i = 0; i < N; i++) { data[i].re /= N; data[i].im /= N; }
}

int main(void) {
    for (int i = 0; i < N / 2; i++) roots[i] = (Complex){cos(2 * M_PI * i / N), -sin(2 * M_PI * i / N)};
    for (int i = 0; i < N; i++) data[i] = (Complex){i % 17 - 8, i % 5};
    for (int i = 0; i < 120; i++) { transform(0); transform(1); }
    double error = 0;
    for (int i = 0; i < N; i++) error += fabs(data[i].re - (i % 17 - 8)) + fabs(data[i].im - i % 5);
    printf("%d\n", error < 1e-4);
}
