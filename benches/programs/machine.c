// Indirect calls: a stack machine with a function per instruction, found in a
// table, counts primes and the steps of 3n+1.

#include <stdint.h>
#include <stdio.h>

struct machine {
    int32_t *top;
    const int32_t *next;
    int32_t stack[64], local[4];
    uint8_t heap[1 << 16];
};

typedef int (*operation)(struct machine *);

enum op { CONST, GET, SET, ADD, MUL, HALF, ODD, LESS, LOAD, STORE, JUMP, IFNOT, STOP };

static int32_t code[128];
static int32_t size;

static int op_const(struct machine *m) { return *++m->top = *m->next++, 1; }
static int op_get(struct machine *m) { return *++m->top = m->local[*m->next++], 1; }
static int op_set(struct machine *m) { return m->local[*m->next++] = *m->top--, 1; }
static int op_add(struct machine *m) { return m->top[-1] += m->top[0], m->top--, 1; }
static int op_mul(struct machine *m) { return m->top[-1] *= m->top[0], m->top--, 1; }
static int op_half(struct machine *m) { return *m->top = (int32_t)((uint32_t)*m->top >> 1), 1; }
static int op_odd(struct machine *m) { return *m->top &= 1, 1; }
static int op_less(struct machine *m) { return m->top[-1] = (uint32_t)m->top[-1] < (uint32_t)m->top[0], m->top--, 1; }
static int op_load(struct machine *m) { return *m->top = m->heap[*m->top & 0xffff], 1; }
static int op_store(struct machine *m) { return m->heap[m->top[-1] & 0xffff] = (uint8_t)m->top[0], m->top -= 2, 1; }
static int op_jump(struct machine *m) { return m->next = code + *m->next, 1; }
static int op_ifnot(struct machine *m) { return m->next = *m->top-- ? m->next + 1 : code + *m->next, 1; }
static int op_stop(struct machine *m) { return (void)m, 0; }

static const operation operations[] = {op_const, op_get,  op_set,  op_add,   op_mul,  op_half, op_odd,
                                       op_less,  op_load, op_store, op_jump, op_ifnot, op_stop};

static void emit(enum op op) { code[size++] = op; }
static int32_t emit2(enum op op, int32_t operand) { return emit(op), code[size++] = operand, size - 1; }

// A loop while `local` is below `limit`.
static int32_t while_less(int32_t local, int32_t limit, int32_t *start) {
    *start = size;
    emit2(GET, local), emit2(GET, limit), emit(LESS);
    return emit2(IFNOT, 0);
}

static void close(int32_t start, int32_t leave) {
    emit2(JUMP, start);
    code[leave] = size;
}

static void add(int32_t local, enum op op, int32_t operand) {
    emit2(GET, local), emit2(op, operand), emit(ADD), emit2(SET, local);
}

// Adds the number of primes below local 0 to local 3, by sieving.
static void assemble_sieve(void) {
    int32_t outer, inner;
    size = 0;
    emit2(CONST, 2), emit2(SET, 1);
    int32_t done = while_less(1, 0, &outer);
    emit2(GET, 1), emit(LOAD), emit2(CONST, 1), emit(LESS);
    int32_t composite = emit2(IFNOT, 0);
    add(3, CONST, 1);
    emit2(GET, 1), emit2(GET, 1), emit(MUL), emit2(SET, 2);
    int32_t crossed = while_less(2, 0, &inner);
    emit2(GET, 2), emit2(CONST, 1), emit(STORE);
    add(2, GET, 1);
    close(inner, crossed);
    code[composite] = size;
    add(1, CONST, 1);
    close(outer, done);
    emit(STOP);
}

// Adds the steps of 3n+1 from each number below local 0 to local 3.
static void assemble_steps(void) {
    int32_t outer, inner;
    size = 0;
    emit2(CONST, 1), emit2(SET, 1);
    int32_t done = while_less(1, 0, &outer);
    emit2(GET, 1), emit2(SET, 2);
    inner = size;
    emit2(CONST, 1), emit2(GET, 2), emit(LESS);
    int32_t reached = emit2(IFNOT, 0);
    emit2(GET, 2), emit(ODD);
    int32_t even = emit2(IFNOT, 0);
    emit2(GET, 2), emit2(CONST, 3), emit(MUL), emit2(CONST, 1), emit(ADD), emit2(SET, 2);
    int32_t odd = emit2(JUMP, 0);
    code[even] = size;
    emit2(GET, 2), emit(HALF), emit2(SET, 2);
    code[odd] = size;
    add(3, CONST, 1);
    close(inner, reached);
    add(1, CONST, 1);
    close(outer, done);
    emit(STOP);
}

static struct machine machine;

static int32_t run(int32_t argument, uint64_t *steps) {
    struct machine *m = &machine;
    m->top = m->stack;
    m->next = code;
    m->local[0] = argument;
    m->local[3] = 0;
    do ++*steps;
    while (operations[*m->next++](m));
    return m->local[3];
}

int main(void) {
    uint64_t steps = 0;
    int32_t primes = 0;
    assemble_sieve();
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 1 << 16; i++) machine.heap[i] = 0;
        primes = run(1 << 16, &steps);
    }
    if (primes != 6542) return printf("%d primes\n", primes), 1;
    assemble_steps();
    int32_t total = run(60000, &steps);
    if (total != 6134916) return printf("%d steps of 3n+1\n", total), 1;
    printf("%llu instructions\n", (unsigned long long)steps);
    return 0;
}
