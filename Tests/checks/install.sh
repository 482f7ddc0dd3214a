#!/usr/bin/env bash
# Installs into an empty prefix and builds the quickstart against what lies there, through pkg-config and through
# CMake, staged and not; then moves the prefix, which the CMake package must survive.
set -uo pipefail
cd "$(dirname "$0")/../.."

root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
version=$(sed -nE 's/^#define APUS_VERSION_STRING "(.*)"$/\1/p' include/apus.h)

expect() {
    local name=$1
    shift
    if "$@" >"$work/log" 2>&1; then echo "ok install $name"; else
        echo "not ok install $name"
        tail -20 "$work/log"
        status=1
    fi
}
quiet_make() { make --no-print-directory -s "$@"; }
run_there() { (cd "$work/run" && env LD_LIBRARY_PATH="$1" "$2" "$root/examples/data/digits.csv") && test -s "$work/run/digits.h5"; }
mkdir "$work/run"

expect 'into an empty prefix' quiet_make install PREFIX="$work/apus"
expect 'lays the files out' test -f "$work/apus/include/apus.h" -a -f "$work/apus/lib/libapus.so.$version" \
    -a -L "$work/apus/lib/libapus.so" -a -L "$work/apus/lib/libapus.so.1" -a -f "$work/apus/lib/pkgconfig/apus.pc" \
    -a -f "$work/apus/lib/cmake/apus/apusConfig.cmake" -a -f "$work/apus/lib/cmake/apus/apusConfigVersion.cmake"
expect 'strips the library' sh -c "! readelf -S '$work/apus/lib/libapus.so' | grep -q '\.symtab'"

export PKG_CONFIG_PATH=$work/apus/lib/pkgconfig
expect 'tells pkg-config its version' test "$(pkg-config --modversion apus)" = "$version"
# The line of the README.
expect 'builds through pkg-config' sh -c \
    "cc -Iexamples/c examples/c/quickstart.c \$(pkg-config --cflags --libs apus) -lm -o '$work/by-pkg-config'"
expect 'runs what pkg-config built' run_there "$work/apus/lib" "$work/by-pkg-config"
rm -f "$work/run"/*

mkdir "$work/project"
cat >"$work/project/CMakeLists.txt" <<EOF
cmake_minimum_required(VERSION 3.16)
project(quickstart C)
find_package(apus 1.0 REQUIRED CONFIG)
add_executable(quickstart "$root/examples/c/quickstart.c")
target_compile_features(quickstart PRIVATE c_std_99)
target_link_libraries(quickstart PRIVATE apus::apus m)
EOF
expect 'builds through CMake' sh -c "cmake -S '$work/project' -B '$work/built' -DCMAKE_PREFIX_PATH='$work/apus' &&
    cmake --build '$work/built'"
expect 'runs what CMake built' run_there "" "$work/built/quickstart"

mv "$work/apus" "$work/moved"
expect 'serves CMake after a move' sh -c "cmake -S '$work/project' -B '$work/built-again' -DCMAKE_PREFIX_PATH='$work/moved' &&
    cmake --build '$work/built-again'"
sed -i 's/apus 1.0/apus 2.0/' "$work/project/CMakeLists.txt"
expect 'refuses another major version' sh -c \
    "! cmake -S '$work/project' -B '$work/refused' -DCMAKE_PREFIX_PATH='$work/moved'"

expect 'stages under DESTDIR' quiet_make install DESTDIR="$work/stage" PREFIX=/usr LIBDIR=/usr/lib/apus-test
expect 'keeps DESTDIR out of what it writes' sh -c \
    "test -f '$work/stage/usr/lib/apus-test/libapus.so.$version' && ! grep -rq '$work' '$work/stage' --include='*.pc' --include='*.cmake'"
expect 'uninstalls' quiet_make uninstall PREFIX="$work/moved"
expect 'leaves nothing behind' test -z "$(find "$work/moved" -type f -o -type l)"
exit $status
