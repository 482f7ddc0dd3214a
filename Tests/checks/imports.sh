#!/usr/bin/env bash
# The law of the house: which module may import which, and what no file holds.
set -uo pipefail
cd "$(dirname "$0")/../.."

# CVector <- VectorKernels* <- Core <- Numerics <- {Learning, Networks} <- Storage <- Apus; a module may import all
# that lie beneath it, and of the system's C libraries only its own.
system='Swift|Glibc|Synchronization|CVector'
declare -A allowed=(
    [VectorKernels]='none'
    [VectorKernelsV3]='none'
    [VectorKernelsV4]='none'
    [Core]='COpenBLAS|VectorKernels|VectorKernelsV3|VectorKernelsV4'
    [Numerics]='Core|COpenBLAS'
    [Learning]='Core|Numerics'
    [Networks]='Core|Numerics'
    [Storage]='Core|Numerics|Learning|Networks|CHDF5'
    [Apus]='Core|Numerics|Learning|Networks|Storage|CApus'
    [Shipping]='none'
)
status=0
report() {
    if [ -z "$2" ]; then echo "ok house $1"; else
        printf 'not ok house %s: %s\n' "$1" "$2"
        status=1
    fi
}

for folder in Sources/*/; do
    module=$(basename "$folder")
    case $module in COpenBLAS | CHDF5 | CVector) continue ;; esac
    if [ -z "${allowed[$module]:-}" ]; then
        report "$module is a known module" "add it to Tests/checks/imports.sh"
        continue
    fi
    strange=$(grep -rnE --include='*.swift' '^ *(@[A-Za-z_()]+ +)*((public|package|internal|private|fileprivate) +)?import ' "$folder" |
        sed -E 's/:[0-9]+: *(@[A-Za-z_()]+ +)*((public|package|internal|private|fileprivate) +)?import +((class|struct|enum|func|var|let|protocol|typealias) +)?/ /' |
        awk '{ sub(/\..*/, "", $2); print $2, $1 }' | grep -vE "^($system|${allowed[$module]}) " | head -5 | tr '\n' ';')
    report "$module imports only what it may" "$strange"
done

in_sources() { grep -rnE --include='*.swift' "$1" Sources | grep -vE '^[^:]*:[0-9]+: *//' | head -5 | tr '\n' ';'; }
report 'no Foundation' "$(in_sources 'import +Foundation')"
report 'no trap on purpose' "$(in_sources '\b(fatalError|precondition|preconditionFailure|assertionFailure)\(|\btry!')"
report 'no print' "$(in_sources '(^|[^A-Za-z_.])(print|debugPrint|dump|puts|printf)\(')"
report 'tests go without @testable' "$(grep -rn '@testable' Tests --include='*.swift' | head -5 | tr '\n' ';')"
report 'no unfinished marks' "$(grep -rnE '\b(TODO|FIXME|XXX)\b' Sources Tests/*Tests Tests/c examples bindings include 2>/dev/null | head -5 | tr '\n' ';')"
exit $status
