// A stack machine with 20 operations, each a case of one switch.
#include <stdio.h>

enum { PUSH, ADD, SUB, MUL, AND, OR, XOR, SHR, DUP, SWAP, DROP, LOAD, STORE, JMP, JNZ, LT, EQ, INC, NEG, HALT };

static long long run(const int *code) {
    long long stack[32], vars[8] = {0}, *top = stack;
    for (const int *pc = code;;) {
        switch (*pc++) {
        case PUSH: *++top = *pc++; break;
        case ADD: top--; top[0] += top[1]; break;
        case SUB: top--; top[0] -= top[1]; break;
        case MUL: top--; top[0] = (int)(top[0] * top[1]); break;
        case AND: top--; top[0] &= top[1]; break;
        case OR: top--; top[0] |= top[1]; break;
        case XOR: top--; top[0] ^= top[1]; break;
        case SHR: top--; top[0] >>= top[1] & 31; break;
        case DUP: top[1] = top[0]; top++; break;
        case SWAP: { long long t = top[0]; top[0] = top[-1]; top[-1] = t; } break;
        case DROP: top--; break;
        case LOAD: *++top = vars[*pc++]; break;
        case STORE: vars[*pc++] = *top--; break;
        case JMP: pc = code + *pc; break;
        case JNZ: pc = *top-- ? code + *pc : pc + 1; break;
        case LT: top--; top[0] = top[0] < top[1]; break;
        case EQ: top--; top[0] = top[0] == top[1]; break;
        case INC: vars[*pc++]++; break;
        case NEG: top[0] = -top[0]; break;
        case HALT: return vars[1];
        }
    }
}

int main(void) {
    static const int program[] = {
        PUSH, 1, STORE, 1,
        /* 4 */ LOAD, 1, PUSH, 31, MUL, LOAD, 0, ADD, DUP, PUSH, 7, SHR, XOR, STORE, 1,
        LOAD, 1, PUSH, 1, AND, JNZ, 31, LOAD, 1, NEG, STORE, 1,
        /* 31 */ INC, 0, LOAD, 0, PUSH, 9000000, LT, JNZ, 4, HALT,
    };
    printf("%lld\n", run(program));
}
