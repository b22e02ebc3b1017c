// Floating-point vectors: filters a signal, four samples at a time, and rounds.

#include <stdio.h>
#include <wasm_simd128.h>

enum { SAMPLES = 1 << 14, TAPS = 32, ROUNDS = 12000 };

static float signal[SAMPLES + TAPS], result[SAMPLES], taps[TAPS];

static void filter(void) {
    for (int i = 0; i < SAMPLES; i += 8) {
        v128_t a = wasm_f32x4_const_splat(0), b = a;
        for (int k = 0; k < TAPS; k++) {
            v128_t tap = wasm_v128_load32_splat(taps + k);
            a = wasm_f32x4_add(a, wasm_f32x4_mul(wasm_v128_load(signal + i + k), tap));
            b = wasm_f32x4_add(b, wasm_f32x4_mul(wasm_v128_load(signal + i + 4 + k), tap));
        }
        wasm_v128_store(result + i, a), wasm_v128_store(result + i + 4, b);
    }
}

// Back into the signal: limited, and rounded to steps of 1/4096.
static void settle(void) {
    v128_t steps = wasm_f32x4_const_splat(4096), limit = wasm_f32x4_const_splat(1);
    for (int i = 0; i < SAMPLES; i += 4) {
        v128_t x = wasm_v128_load(result + i);
        x = wasm_f32x4_pmin(wasm_f32x4_pmax(x, wasm_f32x4_neg(limit)), limit);
        v128_t whole = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(wasm_f32x4_mul(x, steps)));
        wasm_v128_store(signal + i, wasm_f32x4_div(wasm_f32x4_convert_i32x4(whole), steps));
    }
}

int main(void) {
    unsigned state = 1;
    for (int i = 0; i < SAMPLES + TAPS; i++) {
        state = state * 1664525 + 1013904223;
        signal[i] = (float)(int)(state >> 8) / (1 << 23) - 1;
    }
    for (int k = 0; k < TAPS; k++) taps[k] = (k % 5 - 1.9f) / 12;
    for (int round = 0; round < ROUNDS; round++) filter(), settle();
    double sum = 0;
    for (int i = 0; i < SAMPLES; i++) sum += signal[i] * (i % 17);
    printf("waves %.6f\n", sum);
}
