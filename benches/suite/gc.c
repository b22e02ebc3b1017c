// A small Lisp heap with mark and sweep: the shape of a garbage-collected runtime.
#include <stdio.h>
#include <stdlib.h>

typedef struct Cell { struct Cell *car, *cdr; long long number; int mark; } Cell;
#define CELLS 60000
static Cell heap[CELLS], *free_list, *roots[64];
static int root_count;
static long long collections;

static void mark(Cell *cell) {
    while (cell && !cell->mark) { cell->mark = 1; mark(cell->car); cell = cell->cdr; }
}
static void collect(void) {
    collections++;
    for (int i = 0; i < root_count; i++) mark(roots[i]);
    free_list = NULL;
    for (int i = 0; i < CELLS; i++) {
        if (heap[i].mark) heap[i].mark = 0;
        else { heap[i].cdr = free_list; free_list = &heap[i]; }
    }
}
static Cell *cons(Cell *car, Cell *cdr, long long number) {
    roots[root_count++] = car; roots[root_count++] = cdr;
    if (!free_list) collect();
    root_count -= 2;
    Cell *cell = free_list;
    free_list = cell->cdr;
    *cell = (Cell){car, cdr, number, 0};
    return cell;
}
static Cell *range(int n) { Cell *list = NULL; while (n-- > 0) list = cons(NULL, list, n); return list; }
static Cell *map(Cell *list, long long k) {
    if (!list) return NULL;
    roots[root_count++] = list;
    Cell *rest = root_count < 50 ? map(list->cdr, k) : NULL;
    root_count--;
    return cons(NULL, rest, list->number * k);
}

int main(void) {
    long long sum = 0;
    collect();
    roots[root_count++] = range(20000);
    for (int round = 0; round < 200000; round++) {
        Cell *list = range(round % 300);
        roots[root_count++] = list;
        Cell *mapped = map(list, round);
        root_count--;
        for (; mapped; mapped = mapped->cdr) sum += mapped->number;
    }
    printf("%lld %lld\n", sum, collections);
}
