// A backtracking matcher of regular expressions: recursion on characters.
#include <stdio.h>
#include <string.h>

static long long steps;
static int here(const char *re, const char *s);

static int one(const char *re, char c) { return c && (*re == '.' || *re == c); }

static int star(const char *what, const char *re, const char *s) {
    const char *t = s;
    while (one(what, *t)) t++;
    for (;; t--) { if (here(re, t)) return 1; if (t == s) return 0; }
}

static int here(const char *re, const char *s) {
    steps++;
    if (!*re) return 1;
    if (re[1] == '*') return star(re, re + 2, s);
    if (re[1] == '?') return (one(re, *s) && here(re + 2, s + 1)) || here(re + 2, s);
    if (*re == '$' && !re[1]) return !*s;
    return one(re, *s) && here(re + 1, s + 1);
}

static int match(const char *re, const char *s) {
    if (*re == '^') return here(re + 1, s);
    do if (here(re, s)) return 1; while (*s++);
    return 0;
}

int main(void) {
    char line[128];
    int hits = 0;
    static const char *patterns[] = {"a.*b.*c", "^x*y?z", "lo*p$", "q.?r.?s", ".*end$"};
    unsigned seed = 17;
    for (int i = 0; i < 24000; i++) {
        for (int c = 0; c < 100; c++) { seed = seed * 1664525 + 1013904223; line[c] = 'a' + (seed >> 16) % 26; }
        line[100] = 0;
        for (int k = 0; k < 5; k++) hits += match(patterns[k], line);
    }
    printf("%d %lld\n", hits, steps);
}
