// Integers: sorts four million of them by quicksort, again by counting digits,
// and counts what differs in a hash table.

#include <stdint.h>
#include <stdio.h>

#define COUNT (4u << 20)
#define SLOTS (1u << 20)

static uint32_t left[COUNT], right[COUNT], scratch[COUNT], keys[SLOTS], counts[SLOTS];

static uint32_t next(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static void quicksort(uint32_t *a, int32_t low, int32_t high) {
    while (high - low > 16) {
        uint32_t pivot = a[low + (high - low) / 2];
        int32_t i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot) i++;
            while (a[j] > pivot) j--;
            if (i <= j) {
                uint32_t swap = a[i];
                a[i++] = a[j];
                a[j--] = swap;
            }
        }
        if (j - low < high - i) {
            quicksort(a, low, j);
            low = i;
        } else {
            quicksort(a, i, high);
            high = j;
        }
    }
    for (int32_t i = low + 1; i <= high; i++) {
        uint32_t value = a[i];
        int32_t j = i;
        for (; j > low && a[j - 1] > value; j--) a[j] = a[j - 1];
        a[j] = value;
    }
}

static void radix(uint32_t *a, uint32_t *other) {
    for (int shift = 0; shift < 32; shift += 8) {
        uint32_t start[257] = {0};
        for (uint32_t i = 0; i < COUNT; i++) start[((a[i] >> shift) & 255) + 1]++;
        for (int i = 0; i < 256; i++) start[i + 1] += start[i];
        for (uint32_t i = 0; i < COUNT; i++) other[start[(a[i] >> shift) & 255]++] = a[i];
        uint32_t *swap = a;
        a = other;
        other = swap;
    }
}

// Counts keys by their low bits; gives the number of different ones.
static uint32_t count(const uint32_t *a) {
    uint32_t different = 0;
    for (uint32_t i = 0; i < SLOTS; i++) keys[i] = counts[i] = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t key = (a[i] & (SLOTS / 2 - 1)) + 1;
        uint32_t slot = (key * 2654435761u) >> 12;
        while (keys[slot] != 0 && keys[slot] != key) slot = (slot + 1) & (SLOTS - 1);
        different += keys[slot] == 0;
        keys[slot] = key;
        counts[slot]++;
    }
    return different;
}

int main(void) {
    uint32_t state = 2463534242u, sum = 0, different = 0;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < COUNT; i++) left[i] = right[i] = next(&state);
        different += count(left);
        quicksort(left, 0, COUNT - 1);
        radix(right, scratch);
        for (uint32_t i = 0; i < COUNT; i++) {
            if (left[i] != right[i]) return printf("sorts disagree at %u\n", i), 1;
            sum = sum * 31 + left[i];
        }
    }
    printf("%u different, checksum %08x\n", different, sum);
    return 0;
}
