// std::sort, stable_sort and partial_sort of records with comparators.
#include <algorithm>
#include <cstdio>
#include <tuple>
#include <vector>

struct Record { int a, b; double c; };

int main() {
    unsigned seed = 31, check = 0;
    std::vector<Record> records(300000);
    for (int round = 0; round < 3; round++) {
        for (auto &r : records) {
            seed = seed * 1664525 + 1013904223;
            r = {int(seed >> 20), int(seed >> 8 & 0xff), (seed >> 5 & 0xffff) / 7.0};
        }
        std::sort(records.begin(), records.end(), [](auto &x, auto &y) { return std::tie(x.a, x.b, x.c) < std::tie(y.a, y.b, y.c); });
        check = check * 31 + records[1000].a;
        std::stable_sort(records.begin(), records.end(), [](auto &x, auto &y) { return x.c < y.c; });
        check = check * 31 + records[77777].b;
        std::partial_sort(records.begin(), records.begin() + 10000, records.end(), [](auto &x, auto &y) { return x.b > y.b || (x.b == y.b && x.a < y.a); });
        check = check * 31 + records[9999].a;
    }
    std::printf("%u\n", check);
}
