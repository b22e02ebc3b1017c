// The C library's string functions on short and long texts.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[100000], copy[100000];

int main(void) {
    unsigned seed = 1, sum = 0;
    for (unsigned i = 0; i < sizeof text - 1; i++) {
        seed = seed * 1103515245 + 12345;
        text[i] = (seed >> 16) % 6 ? 'a' + (seed >> 20) % 26 : ' ';
    }
    for (int round = 0; round < 360; round++) {
        strcpy(copy, text);
        for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
            sum += strlen(word);
            for (char *c = word; *c; c++) *c = toupper((unsigned char)*c);
            if (strchr(word, 'Q') && !strcmp(word + 1, "ABC")) sum++;
            if (strncmp(word, "ZZ", 2) == 0) sum += 7;
        }
        const char *at = text;
        while ((at = strstr(at, "ab")) != NULL) { sum += at[2]; at++; }
        char number[32];
        for (int i = 0; i < 3000; i++) { snprintf(number, sizeof number, "%d.%x", i * round, i); sum += atoi(number) + number[3]; }
    }
    printf("%u\n", sum);
}
