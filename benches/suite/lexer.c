// Tokens of a C-like text by a state machine: `state = next; continue`.
#include <stdio.h>
#include <string.h>

enum { START, IDENT, NUMBER, SLASH, LINE, BLOCK, STAR, STRING, ESCAPE };
static char text[1 << 20];

int main(void) {
    static const char *pieces[] = {"int x1 = 42;", "// note\n", "/* long * one */", " \"str\\\"ing\" ", "foo(bar, 7);", "a / b", "\n", "while (n--) "};
    unsigned seed = 11, at = 0;
    while (at < sizeof text - 40) {
        seed = seed * 1103515245 + 12345;
        const char *piece = pieces[seed >> 17 & 7];
        strcpy(text + at, piece);
        at += strlen(piece);
    }
    unsigned counts[9] = {0};
    for (int round = 0; round < 120; round++) {
        int state = START;
        for (unsigned i = 0; i < at; i++) {
            char c = text[i];
            switch (state) {
            case START:
            again:
                if ((c >= 'a' && c <= 'z') || c == '_') state = IDENT;
                else if (c >= '0' && c <= '9') state = NUMBER;
                else if (c == '/') state = SLASH;
                else if (c == '"') state = STRING;
                else counts[START]++;
                break;
            case IDENT:
                if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) break;
                counts[IDENT]++; state = START; goto again;
            case NUMBER:
                if (c >= '0' && c <= '9') break;
                counts[NUMBER]++; state = START; goto again;
            case SLASH:
                if (c == '/') state = LINE;
                else if (c == '*') state = BLOCK;
                else { counts[SLASH]++; state = START; goto again; }
                break;
            case LINE: if (c == '\n') { counts[LINE]++; state = START; } break;
            case BLOCK: if (c == '*') state = STAR; break;
            case STAR: if (c == '/') { counts[BLOCK]++; state = START; } else if (c != '*') state = BLOCK; break;
            case STRING: if (c == '\\') state = ESCAPE; else if (c == '"') { counts[STRING]++; state = START; } break;
            case ESCAPE: state = STRING; break;
            }
        }
    }
    for (int i = 0; i < 9; i++) printf("%u ", counts[i]);
    printf("\n");
}
