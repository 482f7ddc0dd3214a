#!/usr/bin/env bash
# Kernels of different instruction sets are linked into one library, where of two weak functions of one name the linker
# keeps either. No kernel object may hold one under a name that another module could hold too, such as a specialisation
# of a generic of the standard library: AVX-512 code would then run on processors without it. Names that begin with the
# kernel module's own are safe. Run after "swift build -c release".
set -uo pipefail
cd "$(dirname "$0")/../.."
status=0
for module in VectorKernels VectorKernelsV3 VectorKernelsV4; do
    objects=(.build/release/$module.build/*.o)
    if [ ! -e "${objects[0]}" ]; then
        echo "not ok kernels $module: no objects; build for release first"
        status=1
        continue
    fi
    shared=$(nm --defined-only --format=posix "${objects[@]}" |
        awk -v own="\$s${#module}$module" '
            $2 ~ /^[WwVvu]$/ && index($1, own) != 1 && $1 != "__swift_reflection_version" { print $1 }' | sort -u)
    if [ -z "$shared" ]; then
        echo "ok kernels $module shares no code"
    else
        printf 'not ok kernels %s may share with other modules: %s\n' "$module" "$(echo $shared | swift demangle 2>/dev/null || echo $shared)"
        status=1
    fi
done
exit $status
