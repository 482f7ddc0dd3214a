# Sourced by the checks of this folder: builds the library and C programs with a sanitizer of the Swift toolchain.

status=0
toolchain=$(dirname "$(readlink -f "$(command -v swift)")")/..
clang=$toolchain/bin/clang
mkdir -p build/sanitize build/log

# instrument NAME [TREE FLAGS...]: builds the library with that sanitizer into a tree of its own
instrument() {
    tree=$PWD/.build-${2:-$1}
    local log=build/log/sanitize-${2:-$1}-build.log
    if ! swift build -c release --sanitize="$1" --scratch-path "$tree" "${@:3}" --product apus >"$log" 2>&1 </dev/null; then
        echo "not ok $1: the library does not build"
        grep -E 'error' "$log" | head -20
        exit 1
    fi
    ln -sfn libapus.so "$tree/release/libapus.so.1"
}

# under NAME SOURCE ARGUMENTS...: builds a program with the sanitizer and runs it
under() {
    local sanitizer=$1 name program output result flags
    name=$(basename "$2" .c)
    program=build/sanitize/$sanitizer-$name
    case $sanitizer in
    address) flags=(-fsanitize=address,undefined -fno-sanitize-recover=all) ;;
    # The runtime of the Swift toolchain's clang knows Dispatch.
    thread) flags=(-fsanitize=thread -L"$toolchain/lib/swift/linux" -ldispatch -lBlocksRuntime
        -Wl,-rpath,"$toolchain/lib/swift/linux") ;;
    esac
    if ! output=$("$clang" -std=c99 -g -O1 -DSANITIZED -Iinclude "$2" -o "$program" -fuse-ld=lld "${flags[@]}" \
        -L"$tree/release" -Wl,-rpath,"$tree/release" -lapus -lpthread -lm 2>&1); then
        echo "not ok $sanitizer $name: does not build"
        head -20 <<<"$output"
        status=1
        return
    fi
    output=$("$program" "${@:3}" 2>&1 </dev/null)
    result=$?
    if [ $result -eq 0 ]; then echo "ok $sanitizer $name"; else
        echo "not ok $sanitizer $name: status $result"
        grep -v '^ok ' <<<"$output" | head -80 | sed 's|^|    |'
        status=1
    fi
}
