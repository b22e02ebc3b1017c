// Iterations of z*z+c: a tight loop with a data-dependent exit.
#include <stdio.h>

int main(void) {
    long long total = 0;
    for (int y = 0; y < 600; y++)
        for (int x = 0; x < 800; x++) {
            double cr = x / 400.0 - 1.5, ci = y / 300.0 - 1.0, zr = 0, zi = 0;
            int n = 0;
            while (n < 500 && zr * zr + zi * zi < 4) {
                double r = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = r;
                n++;
            }
            total += n;
        }
    printf("%lld\n", total);
}
