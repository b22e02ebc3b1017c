// 128-bit vectors of floats: sums of products, a small convolution.
#include <stdio.h>
#ifdef __wasm__
#include <wasm_simd128.h>
typedef v128_t Vec;
#define LOAD wasm_v128_load
#define STORE wasm_v128_store
#define MUL wasm_f32x4_mul
#define ADD wasm_f32x4_add
#define SPLAT wasm_f32x4_splat
#else
#include <emmintrin.h>
typedef __m128 Vec;
#define LOAD(p) _mm_loadu_ps((const float *)(p))
#define STORE(p, v) _mm_storeu_ps((float *)(p), v)
#define MUL _mm_mul_ps
#define ADD _mm_add_ps
#define SPLAT _mm_set1_ps
#endif

#define N 8192
static float x[N + 8], y[N + 8], z[N + 8];

int main(void) {
    for (int i = 0; i < N + 8; i++) { x[i] = i % 13; y[i] = i % 7; }
    for (int round = 0; round < 240000; round++) {
        Vec a = SPLAT(round & 1 ? 0.5f : -0.5f);
        for (int i = 0; i < N; i += 4) STORE(y + i, ADD(MUL(a, LOAD(x + i)), LOAD(y + i)));
        if (round % 4) continue;
        Vec w0 = SPLAT(0.25f), w1 = SPLAT(0.5f);
        for (int i = 0; i < N; i += 4)
            STORE(z + i, ADD(ADD(MUL(w0, LOAD(y + i)), MUL(w1, LOAD(y + i + 1))), MUL(w0, LOAD(y + i + 2))));
    }
    double sum = 0;
    for (int i = 0; i < N; i++) sum += z[i];
    printf("%.1f\n", sum);
}
