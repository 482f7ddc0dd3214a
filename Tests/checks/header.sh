#!/usr/bin/env bash
# apus.h compiles alone, and twice in a row, in each language and with each compiler, without a warning.
set -uo pipefail
cd "$(dirname "$0")/../.."

swift_clang=$(dirname "$(readlink -f "$(command -v swift || echo /none)")")/clang
clang=$(command -v clang || echo "$swift_clang")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
printf '#include "apus.h"\n#include "apus.h"\n' >"$work/header.c"
cat >>"$work/header.c" <<'EOF'
int uses(void);
int uses(void)
{
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    apus_allocator allocator = APUS_ALLOCATOR_INIT;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    apus_load_limits limits = APUS_LOAD_LIMITS_INIT;
    apus_augment_options augment = APUS_AUGMENT_OPTIONS_INIT;
    apus_array array = APUS_ARRAY_INIT;
    float values[6];
    apus_array line = APUS_ARRAY_1D(APUS_FLOAT32, values, 6), table = APUS_ARRAY_2D(APUS_FLOAT32, values, 2, 3);
    return (int)(options.struct_size + allocator.struct_size + fit.struct_size + limits.struct_size +
                 augment.struct_size + array.struct_size + line.struct_size + table.struct_size);
}
EOF
cp "$work/header.c" "$work/header.cpp"

try() {
    local name=$1
    shift
    if "$@" -Wall -Wextra -pedantic -Werror -Iinclude -fsyntax-only; then echo "ok header $name"; else
        echo "not ok header $name"
        status=1
    fi
}
for standard in c99 c11 c17; do
    try "$standard gcc" gcc "-std=$standard" "$work/header.c"
    try "$standard clang" "$clang" "-std=$standard" "$work/header.c"
done
for standard in c++11 c++17; do
    try "$standard g++" g++ "-std=$standard" "$work/header.cpp"
    try "$standard clang++" "$clang" --driver-mode=g++ "-std=$standard" "$work/header.cpp"
done
exit $status
