#!/bin/bash
# Builds the programs and compares them with SHA256SUMS; `./build.sh record`
# rewrites that file. The hashes hold for Debian's clang-19 19.1.7 and
# wasi-libc 0.0~git20220510:
#
#     apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32

set -e
cd "$(dirname "$0")"
for source in *.c; do
    flags=()
    if grep -q wasm_simd128.h "$source"; then flags+=(-msimd128); fi
    clang-19 --target=wasm32-wasi -std=gnu17 -O2 "${flags[@]}" -Wall -Wextra -Werror -Wl,-s \
        "$source" -o "${source%.c}.wasm"
done
if [ "$1" = record ]; then sha256sum ./*.wasm >SHA256SUMS; fi
sha256sum --quiet -c SHA256SUMS
