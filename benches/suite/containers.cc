// The standard library's maps, hash maps, deques and algorithms.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <numeric>
#include <string>
#include <unordered_map>
#include <vector>

int main() {
    unsigned seed = 2;
    auto next = [&] { seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5; return seed; };
    unsigned long long check = 0;
    for (int round = 0; round < 6; round++) {
        std::map<int, int> tree;
        std::unordered_map<std::string, int> words;
        std::deque<int> queue;
        for (int i = 0; i < 60000; i++) {
            int key = next() % 20000;
            tree[key] += i;
            words["word" + std::to_string(key % 3000)]++;
            queue.push_back(key);
            if (queue.size() > 1000) { check += queue.front(); queue.pop_front(); }
        }
        for (auto &[key, value] : tree) check = check * 31 + key + value;
        for (int i = 0; i < 3000; i++) check += words["word" + std::to_string(i)];
        std::vector<int> values(200000);
        for (int &v : values) v = next() % 100000;
        std::sort(values.begin(), values.end());
        values.erase(std::unique(values.begin(), values.end()), values.end());
        for (int i = 0; i < 100000; i++) check += std::lower_bound(values.begin(), values.end(), i) - values.begin();
        check += std::accumulate(values.begin(), values.end(), 0ull);
    }
    std::printf("%u\n", (unsigned)(check % 1000000007));
}
