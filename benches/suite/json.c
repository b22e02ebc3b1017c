// A JSON reader by recursive descent, over a text made here.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1 << 20];
static const char *p;
static long long numbers, strings, depth_sum;

static void skip(void) { while (*p == ' ' || *p == '\n' || *p == '\t') p++; }

static void string(void) {
    for (p++; *p != '"'; p++) { if (*p == '\\') p++; strings += *p; }
    p++;
}

static void value(int depth) {
    skip();
    depth_sum += depth;
    switch (*p) {
    case '{':
        p++; skip();
        while (*p != '}') { string(); skip(); p++; value(depth + 1); skip(); if (*p == ',') { p++; skip(); } }
        p++;
        break;
    case '[':
        p++; skip();
        while (*p != ']') { value(depth + 1); skip(); if (*p == ',') p++; }
        p++;
        break;
    case '"': string(); break;
    case 't': p += 4; break;
    case 'f': p += 5; break;
    case 'n': p += 4; break;
    default: {
        int sign = 1;
        long long number = 0;
        if (*p == '-') { sign = -1; p++; }
        while (*p >= '0' && *p <= '9') number = number * 10 + (*p++ - '0');
        if (*p == '.') { p++; while (*p >= '0' && *p <= '9') p++; }
        numbers += sign * number;
    }
    }
}

int main(void) {
    char *to = text;
    *to++ = '[';
    for (int i = 0; to - text < (1 << 20) - 300; i++)
        to += sprintf(to, "%s{\"id\": %d, \"name\": \"item \\\"%d\\\"\", \"tags\": [\"a\", \"bc\", null, true], \"price\": -%d.%02d, \"in\": {\"x\": %d, \"y\": false}}\n",
                      i ? ", " : "", i, i * 17, i % 1000, i % 100, i * i % 977);
    strcpy(to, "]");
    for (int round = 0; round < 400; round++) { p = text; value(0); }
    printf("%lld %lld %lld\n", numbers % 1000003, strings % 1000003, depth_sum % 1000003);
}
