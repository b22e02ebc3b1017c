// Text: reads a table with quoted fields, byte by byte, as a state machine of
// two switches, and adds up its numbers.

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 24

static char text[8 << 20];

enum state { FIELD, NUMBER, FRACTION, WORD, QUOTED, QUOTE, LINE };

struct totals {
    uint64_t cents, letters;
    uint32_t rows, fields, empty, errors;
};

static uint32_t fill(void) {
    uint32_t at = 0, seed = 1;
    while (at + 96 < sizeof text) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t r = seed >> 8;
        at += (uint32_t)snprintf(text + at, 96, "%u,%u.%02u,\"item %u, \"\"%c\"\"\",word%c,,%u\r\n", r % 100000,
                                 r % 977, r % 100, r % 31, 'a' + r % 26, 'a' + r % 7, r % 12);
    }
    return at;
}

static struct totals parse(const char *p, const char *end) {
    struct totals t = {0};
    enum state state = FIELD;
    uint64_t number = 0;
    uint32_t digits = 0;
    for (; p < end; p++) {
        char c = *p;
        switch (state) {
        case FIELD:
            switch (c) {
            case ',': t.fields++; t.empty++; break;
            case '\n': t.fields++; t.empty++; t.rows++; break;
            case '\r': t.fields++; t.empty++; state = LINE; break;
            case '"': state = QUOTED; break;
            case '0': case '1': case '2': case '3': case '4':
            case '5': case '6': case '7': case '8': case '9':
                number = (uint64_t)(c - '0');
                state = NUMBER;
                break;
            default: t.letters++; state = WORD; break;
            }
            break;
        case NUMBER:
        case FRACTION:
            switch (c) {
            case '0': case '1': case '2': case '3': case '4':
            case '5': case '6': case '7': case '8': case '9':
                number = number * 10 + (uint64_t)(c - '0');
                digits += state == FRACTION;
                break;
            case '.':
                if (state == FRACTION) t.errors++;
                state = FRACTION;
                digits = 0;
                break;
            case ',':
            case '\r':
            case '\n':
                if (state == NUMBER) digits = 0;
                for (; digits < 2; digits++) number *= 10;
                t.cents += number;
                t.fields++;
                t.rows += c == '\n';
                state = c == '\r' ? LINE : FIELD;
                break;
            default: t.errors++; state = WORD; break;
            }
            break;
        case WORD:
            switch (c) {
            case ',': t.fields++; state = FIELD; break;
            case '\n': t.fields++; t.rows++; state = FIELD; break;
            case '\r': t.fields++; state = LINE; break;
            case '"': t.errors++; break;
            default: t.letters++; break;
            }
            break;
        case QUOTED:
            switch (c) {
            case '"': state = QUOTE; break;
            default: t.letters++; break;
            }
            break;
        case QUOTE:
            switch (c) {
            case '"': t.letters++; state = QUOTED; break;
            case ',': t.fields++; state = FIELD; break;
            case '\n': t.fields++; t.rows++; state = FIELD; break;
            case '\r': t.fields++; state = LINE; break;
            default: t.errors++; state = WORD; break;
            }
            break;
        case LINE:
            if (c != '\n') t.errors++;
            t.rows++;
            state = FIELD;
            break;
        }
    }
    return t;
}

int main(void) {
    uint32_t length = fill();
    struct totals first = parse(text, text + length);
    for (int round = 1; round < ROUNDS; round++) {
        struct totals again = parse(text, text + length);
        if (memcmp(&first, &again, sizeof first) != 0) return puts("rounds disagree"), 1;
    }
    if (first.errors != 0 || first.fields != first.rows * 6 || first.empty != first.rows) return puts("misread"), 1;
    printf("%u rows, %llu cents, %llu letters\n", first.rows, (unsigned long long)first.cents,
           (unsigned long long)first.letters);
    return 0;
}
