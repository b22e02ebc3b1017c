// An interpreter of Brainf*ck that looks for brackets ahead of time.
#include <stdio.h>
#include <string.h>

static const char *source =
    "++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+.>++."
    "[-]>[-]>[-]++++++[>++++++++++[>++++++++++[>++++++++++[>++++++++++[>+++++[>+>+<<-]>>[<+>-]<<<-]<-]<-]<-]<-]";
static int jump[1024];
static unsigned char tape[30000];

int main(void) {
    int n = strlen(source), stack[64], depth = 0;
    for (int i = 0; i < n; i++) {
        if (source[i] == '[') stack[depth++] = i;
        if (source[i] == ']') { int open = stack[--depth]; jump[open] = i; jump[i] = open; }
    }
    unsigned long long steps = 0;
    for (int round = 0; round < 50; round++) {
        memset(tape, 0, sizeof tape);
        int at = 0;
        for (int pc = 0; pc < n; pc++, steps++)
            switch (source[pc]) {
            case '+': tape[at]++; break;
            case '-': tape[at]--; break;
            case '>': at++; break;
            case '<': at--; break;
            case '.': if (!round) putchar(tape[at]); break;
            case '[': if (!tape[at]) pc = jump[pc]; break;
            case ']': if (tape[at]) pc = jump[pc]; break;
            }
    }
    printf("%llu\n", steps);
}
