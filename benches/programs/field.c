// Products of 128 bits: inverses in the field of 2^255-19 elements, in five
// limbs of 51 bits, as elliptic curves compute them.

#include <stdint.h>
#include <stdio.h>

typedef unsigned __int128 wide;
typedef struct {
    uint64_t limb[5];
} element;

#define MASK ((1ull << 51) - 1)

static element reduce(wide t[5]) {
    element r;
    uint64_t carry = 0;
    for (int i = 0; i < 5; i++) {
        t[i] += carry;
        r.limb[i] = (uint64_t)t[i] & MASK;
        carry = (uint64_t)(t[i] >> 51);
    }
    r.limb[0] += carry * 19;
    r.limb[1] += r.limb[0] >> 51;
    r.limb[0] &= MASK;
    return r;
}

static element multiply(const element *f, const element *g) {
    const uint64_t *a = f->limb, *b = g->limb;
    uint64_t b1 = b[1] * 19, b2 = b[2] * 19, b3 = b[3] * 19, b4 = b[4] * 19;
    wide t[5] = {
        (wide)a[0] * b[0] + (wide)a[1] * b4 + (wide)a[2] * b3 + (wide)a[3] * b2 + (wide)a[4] * b1,
        (wide)a[0] * b[1] + (wide)a[1] * b[0] + (wide)a[2] * b4 + (wide)a[3] * b3 + (wide)a[4] * b2,
        (wide)a[0] * b[2] + (wide)a[1] * b[1] + (wide)a[2] * b[0] + (wide)a[3] * b4 + (wide)a[4] * b3,
        (wide)a[0] * b[3] + (wide)a[1] * b[2] + (wide)a[2] * b[1] + (wide)a[3] * b[0] + (wide)a[4] * b4,
        (wide)a[0] * b[4] + (wide)a[1] * b[3] + (wide)a[2] * b[2] + (wide)a[3] * b[1] + (wide)a[4] * b[0],
    };
    return reduce(t);
}

// Fermat: the power 2^255-21.
static element invert(const element *x) {
    element r = *x;
    for (int bit = 253; bit >= 0; bit--) {
        r = multiply(&r, &r);
        if (bit != 2 && bit != 4) r = multiply(&r, x);
    }
    return r;
}

// The one form below the modulus.
static void canonical(element *x) {
    for (int round = 0; round < 2; round++) {
        wide t[5];
        for (int i = 0; i < 5; i++) t[i] = x->limb[i];
        *x = reduce(t);
    }
    uint64_t over = (x->limb[0] + 19) >> 51;
    for (int i = 1; i < 5; i++) over = (x->limb[i] + over) >> 51;
    uint64_t carry = 19 * over;
    for (int i = 0; i < 5; i++) {
        carry += x->limb[i];
        x->limb[i] = carry & MASK;
        carry >>= 51;
    }
}

int main(void) {
    element x = {{9, 0, 0, 0, 0}}, sum = {{0}};
    for (int round = 0; round < 12000; round++) {
        element inverse = invert(&x), one = multiply(&inverse, &x);
        canonical(&one);
        if (one.limb[0] != 1 || (one.limb[1] | one.limb[2] | one.limb[3] | one.limb[4]) != 0) {
            return printf("no inverse in round %d\n", round), 1;
        }
        canonical(&inverse);
        for (int i = 0; i < 5; i++) sum.limb[i] = sum.limb[i] * 31 + inverse.limb[i];
        x = inverse;
        x.limb[0] += (uint64_t)round + 2;
    }
    uint64_t check = 0;
    for (int i = 0; i < 5; i++) check = check * 31 + sum.limb[i];
    printf("checksum %016llx\n", (unsigned long long)check);
    return 0;
}
