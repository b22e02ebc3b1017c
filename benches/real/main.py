"""Classes, dictionaries, strings, generators and big numbers, as scripts have them."""

from collections import Counter


class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)


def queens(n, row=0, columns=0, left=0, right=0):
    if row == n:
        return 1
    free = ~(columns | left | right) & ((1 << n) - 1)
    found = 0
    while free:
        bit = free & -free
        free ^= bit
        found += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return found


def primes(limit):
    sieve = bytearray([1]) * (limit + 1)
    for n in range(2, int(limit**0.5) + 1):
        if sieve[n]:
            sieve[n * n :: n] = bytes(len(range(n * n, limit + 1, n)))
    return (n for n in range(2, limit + 1) if sieve[n])


print(queens(8))
total = Vector(0, 0)
for n in range(150_000):
    total = total + Vector(n, -n)
print(total.x, total.y)
print(sum(primes(400_000)))
text = "the quick brown fox jumps over the lazy dog and runs away " * 3000
print(sorted(Counter(text.split()).items(), key=lambda item: (-item[1], item[0]))[:3])
print(sum(float(line.split(";")[1]) for line in (f"{n};{n / 7:.3f}" for n in range(60_000))))
print((3**30_000).bit_length(), pow(7, 1 << 4000, (1 << 521) - 1) % 1_000_003)
