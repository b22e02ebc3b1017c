// Integer vectors: blends and blurs pictures, 16 bytes at a time.

#include <stdint.h>
#include <stdio.h>
#include <wasm_simd128.h>

enum { WIDTH = 1024, HEIGHT = 512, BYTES = WIDTH * HEIGHT };

static uint8_t front[BYTES], back[BYTES], alpha[BYTES], out[BYTES];

// (x + 128 + ((x + 128) >> 8)) >> 8: x / 255, rounded, for products of bytes.
static v128_t div255(v128_t x) {
    x = wasm_i16x8_add(x, wasm_i16x8_const_splat(128));
    return wasm_u16x8_shr(wasm_i16x8_add(x, wasm_u16x8_shr(x, 8)), 8);
}

static void blend(void) {
    v128_t full = wasm_i8x16_const_splat((char)255);
    for (int i = 0; i < BYTES; i += 16) {
        v128_t a = wasm_v128_load(alpha + i), b = wasm_i8x16_sub(full, a);
        v128_t f = wasm_v128_load(front + i), g = wasm_v128_load(back + i);
        v128_t low = wasm_i16x8_add(div255(wasm_u16x8_extmul_low_u8x16(f, a)),
                                    div255(wasm_u16x8_extmul_low_u8x16(g, b)));
        v128_t high = wasm_i16x8_add(div255(wasm_u16x8_extmul_high_u8x16(f, a)),
                                     div255(wasm_u16x8_extmul_high_u8x16(g, b)));
        wasm_v128_store(out + i, wasm_u8x16_narrow_i16x8(low, high));
    }
}

// Five taps from row to row, saturated, and the rows shuffled into each other.
static void blur(void) {
    v128_t mirror = wasm_i8x16_const(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for (int y = 2; y < HEIGHT - 2; y++) {
        for (int x = 0; x < WIDTH; x += 16) {
            uint8_t *at = back + y * WIDTH + x;
            const uint8_t *from = out + y * WIDTH + x;
            v128_t edge = wasm_u8x16_avgr(wasm_v128_load(from - 2 * WIDTH),
                                          wasm_v128_load(from + 2 * WIDTH));
            v128_t near = wasm_u8x16_avgr(wasm_v128_load(from - WIDTH),
                                          wasm_v128_load(from + WIDTH));
            v128_t middle = wasm_v128_load(from);
            v128_t sum = wasm_u8x16_avgr(wasm_u8x16_avgr(edge, near), middle);
            v128_t bright = wasm_u8x16_gt(sum, wasm_i8x16_splat((char)(y & 127)));
            v128_t turned = wasm_i8x16_swizzle(sum, mirror);
            sum = wasm_v128_bitselect(wasm_u8x16_sub_sat(sum, wasm_i8x16_const_splat(3)),
                                      wasm_u8x16_add_sat(turned, wasm_i8x16_const_splat(5)),
                                      bright);
            wasm_v128_store(at, sum);
        }
    }
}

int main(void) {
    uint32_t state = 1;
    for (int i = 0; i < BYTES; i++) {
        state = state * 1664525 + 1013904223;
        front[i] = state >> 24, back[i] = state >> 16, alpha[i] = state >> 8;
    }
    for (int round = 0; round < 6000; round++) blend(), blur();
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < BYTES; i++) hash = (hash ^ back[i]) * 1099511628211u;
    printf("pixels %016llx\n", (unsigned long long)hash);
}
