// The C library's sort with three comparators: calls through a table.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 300000
typedef struct { int key; float weight; char name[8]; } Item;
static Item items[N];

static int by_key(const void *a, const void *b) {
    int x = ((const Item *)a)->key, y = ((const Item *)b)->key;
    return (x > y) - (x < y);
}
static int by_weight(const void *a, const void *b) {
    float x = ((const Item *)a)->weight, y = ((const Item *)b)->weight;
    return x < y ? -1 : x > y ? 1 : by_key(a, b);
}
static int by_name(const void *a, const void *b) {
    int order = strncmp(((const Item *)a)->name, ((const Item *)b)->name, 8);
    return order ? order : by_key(a, b);
}

int main(void) {
    unsigned seed = 7;
    for (int i = 0; i < N; i++) {
        seed = seed * 1103515245 + 12345;
        items[i].key = (seed >> 4) ^ i;
        items[i].weight = (seed >> 16) % 1000;
        for (int c = 0; c < 7; c++) items[i].name[c] = 'a' + (seed >> (4 * c)) % 5;
    }
    unsigned check = 0;
    int (*orders[])(const void *, const void *) = {by_key, by_weight, by_name};
    for (int round = 0; round < 3; round++) {
        qsort(items, N, sizeof(Item), orders[round]);
        for (int i = 0; i < N; i += 500) check = check * 33 + items[i].key;
    }
    printf("%u\n", check);
}
