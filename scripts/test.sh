#!/usr/bin/env bash
# Runs every test and ends with a line of totals. With arguments, runs only the stages named:
# swift, c, examples, checks, sanitize, python.
#
# C programs, checks and examples speak one language: a line "ok NAME" or "not ok NAME" per test; a program that ends
# otherwise than with status 0 or 1 has crashed, which counts as a failure too. Whole outputs are in build/log.
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD
release=$root/.build/release
python=.venv/bin/python
mkdir -p build/log build/tests
# The library is tested as it is, not as the caller's environment bends it.
unset APUS_ISA

passed=0 failed=0 stages=()
warnings=(-std=c99 -Wall -Wextra -pedantic -Werror)

# stage NAME PASSED FAILED SECONDS
stage() {
    passed=$((passed + $2)) failed=$((failed + $3))
    stages+=("$(printf '%-16s %5d passed  %3d failed  %4d s' "$1" "$2" "$3" "$4")")
    echo "${stages[-1]}"
}

# step NAME COMMAND...: something that must work for the rest to make sense
step() {
    local name=$1 began=$SECONDS
    shift
    echo "--- $name"
    if ! "$@"; then
        echo "FAILED: $name"
        stage "$name" 0 1 $((SECONDS - began))
        totals
    fi
    stages+=("$(printf '%-44s %4d s' "$name" $((SECONDS - began)))")
}

totals() {
    echo
    printf '%s\n' "${stages[@]}"
    echo
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}

# run_and_count NAME SECONDS_ALLOWED COMMAND...: adds to good and bad
run_and_count() {
    local name=$1 allowed=$2 log=build/log/$1.log status=0 ok not_ok
    shift 2
    mkdir -p "$(dirname "$log")"
    timeout --kill-after=10 "$allowed" "$@" >"$log" 2>&1 </dev/null || status=$?
    ok=$(grep -c '^ok ' "$log") not_ok=$(grep -c '^not ok ' "$log")
    if [ "$status" -gt 1 ] || { [ "$status" -eq 1 ] && [ "$not_ok" -eq 0 ]; }; then
        [ "$status" -eq 124 ] && echo "not ok $name: still running after $allowed s" >>"$log"
        [ "$status" -ne 124 ] && echo "not ok $name: ended with status $status" >>"$log"
        not_ok=$((not_ok + 1))
    elif [ $((ok + not_ok)) -eq 0 ]; then
        echo "not ok $name: ran no test" >>"$log"
        not_ok=1
    fi
    good=$((good + ok)) bad=$((bad + not_ok))
    [ "$not_ok" -eq 0 ] || { echo "    $name:"; grep -v '^ok ' "$log" | tail -40 | sed 's/^/        /'; }
    return 0
}

# compile SOURCE OUTPUT FLAGS...
compile() {
    local source=$1 output=$2
    shift 2
    "${CC:-cc}" "${warnings[@]}" -g "$@" -Iinclude "$source" -o "$output" -L"$release" \
        -Wl,-rpath,"$release" -lapus -lpthread -lm
}

swift_tests() {
    local began=$SECONDS log=build/log/swift.log status=0 total bad
    echo "--- Swift tests"
    swift test -c release --disable-testable-imports --disable-xctest >"$log" 2>&1 </dev/null || status=$?
    grep -E 'error:|recorded an issue|^✘|failed after|Fatal error|unexpected signal' "$log" | head -60
    grep -E 'Test run with [0-9]+ tests?' "$log" | tail -1
    total=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' "$log" | tail -1)
    bad=$(grep -E '^. Test .* failed after' "$log" | grep -vc 'Test run with')
    if [ -z "$total" ]; then
        tail -30 "$log"
        total=0 bad=1
        stage "Swift tests" 0 1 $((SECONDS - began))
        return
    fi
    [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    [ "$total" -eq 0 ] && bad=1
    stage "Swift tests" $((total > bad ? total - bad : 0)) "$bad" $((SECONDS - began))
}

c_tests() {
    local began=$SECONDS source name good=0 bad=0
    echo "--- C programs"
    for source in Tests/c/*.c; do
        name=$(basename "$source" .c)
        if compile "$source" "build/tests/$name" -O1 2>"build/log/$name.log"; then
            run_and_count "c/$name" 300 bash Tests/checks/quiet.bash "build/tests/$name"
        else
            sed 's/^/        /' "build/log/$name.log" | head -20
            bad=$((bad + 1))
        fi
    done
    stage "C programs" "$good" "$bad" $((SECONDS - began))
}

sanitized_tests() {
    local began=$SECONDS good=0 bad=0
    echo "--- C programs under checkers"
    for check in Tests/checks/sanitize/{address,thread}.sh; do
        run_and_count "sanitize/$(basename "$check" .sh)" 1200 bash "$check"
    done
    stage "Checkers" "$good" "$bad" $((SECONDS - began))
}

checks() {
    local began=$SECONDS good=0 bad=0 check
    echo "--- Header and library checks"
    for check in Tests/checks/*.sh; do
        run_and_count "checks/$(basename "$check" .sh)" 600 bash "$check"
    done
    stage "Checks" "$good" "$bad" $((SECONDS - began))
}

examples() {
    local began=$SECONDS good=0 bad=0
    echo "--- Examples"
    run_and_count examples 600 bash Tests/checks/examples/run.sh
    stage "Examples" "$good" "$bad" $((SECONDS - began))
}

python_tests() {
    local began=$SECONDS log=build/log/python.log last ok bad
    echo "--- Python tests"
    PYTHONPATH=bindings/python "$python" -m pytest -q -p no:cacheprovider --color=no Tests/python \
        >"$log" 2>&1 </dev/null
    last=$(grep -E '[0-9]+ (passed|failed|error)' "$log" | tail -1)
    echo "$last" | grep -qE 'failed|error' && grep -E '^(FAILED|ERROR|E  )' "$log" | head -60
    [ -n "$last" ] && echo "$last" || tail -30 "$log"
    ok=$(sed -nE 's/.*\b([0-9]+) passed.*/\1/p' <<<"$last")
    bad=$(sed -nE 's/.*\b([0-9]+) failed.*/\1/p' <<<"$last")
    errors=$(sed -nE 's/.*\b([0-9]+) errors?.*/\1/p' <<<"$last")
    [ -n "$last" ] || bad=1
    stage "Python tests" "${ok:-0}" $((${bad:-0} + ${errors:-0})) $((SECONDS - began))
}

prepare() {
    step "Debian packages" scripts/packages.sh test
    step "Python packages" scripts/python.sh test
    step "Release library" make --no-print-directory lib
}

chosen=("$@")
[ ${#chosen[@]} -gt 0 ] || { chosen=(swift c examples checks sanitize python); }
prepare
for one in "${chosen[@]}"; do
    case $one in
    swift) swift_tests ;;
    c) c_tests ;;
    examples) examples ;;
    checks) checks ;;
    sanitize) sanitized_tests ;;
    python) python_tests ;;
    *) echo "unknown stage: $one" >&2; exit 2 ;;
    esac
done
totals
