#!/usr/bin/env bash
# What the shipped library is made of: its exports, what it needs, its name and size.
set -uo pipefail
cd "$(dirname "$0")/../.."

library=.build/release/libapus.so
status=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

report() {
    if [ -z "$2" ]; then echo "ok library $1"; else
        printf 'not ok library %s: %s\n' "$1" "$2"
        status=1
    fi
}
difference() { diff "$1" "$2" | grep '^[<>]' | head -12 | tr '\n' ' '; }

# Every export is versioned and in symbols.txt; everything in symbols.txt is exported and in the header.
nm -D --defined-only "$library" | awk '$2 ~ /[A-Z]/ && $2 != "A" { print $3 }' | sort >"$work/exports"
awk '{ print $1 "@@APUS_" $2 }' Sources/Apus/symbols.txt | sort >"$work/listed"
report 'exports what symbols.txt lists' "$(difference "$work/exports" "$work/listed")"
report 'exports only apus_ names' "$(grep -v '^apus_' "$work/exports" | head -5 | tr '\n' ' ')"

grep -oE '\bapus_[a-z0-9_]+\(' include/apus.h | tr -d '(' | sort -u >"$work/declared"
awk '{ print $1 }' Sources/Apus/symbols.txt | sort >"$work/names"
report 'exports what the header declares' "$(difference "$work/declared" "$work/names")"

sort -c Sources/Apus/symbols.txt 2>"$work/order"
report 'lists its symbols in order' "$(cat "$work/order")"

readelf -d "$library" | sed -nE 's/.*\(NEEDED\).*\[(.*)\].*/\1/p' | sed -E 's/\.so.*//' | sort >"$work/needed"
strange=$(grep -vE '^(libopenblas|libhdf5(_serial)?|libstdc\+\+|libm|libgcc_s|libc|ld-linux.*)$' "$work/needed" | tr '\n' ' ')
report 'needs only the libraries agreed' "$strange"
for one in libopenblas libhdf5 libc; do
    report "needs $one" "$(grep -q "^$one" "$work/needed" || echo missing)"
done

soname=$(readelf -d "$library" | sed -nE 's/.*\(SONAME\).*\[(.*)\].*/\1/p')
major=$(sed -nE 's/^#define APUS_VERSION_MAJOR ([0-9]+)$/\1/p' include/apus.h)
report 'has the soname of its major version' "$([ "$soname" = "libapus.so.$major" ] || echo "$soname")"

# Code built into a program that is unloaded while its threads run would crash it.
report 'is never unloaded' "$(readelf -d "$library" | grep -q NODELETE || echo 'no NODELETE flag')"
report 'has no executable stack' "$(readelf -lW "$library" | grep GNU_STACK | grep -q 'RWE' && echo RWE)"
report 'has no text relocations' "$(readelf -d "$library" | grep -q TEXTREL && echo TEXTREL)"

strip --strip-all -o "$work/stripped.so" "$library"
bytes=$(stat -c %s "$work/stripped.so")
echo "    stripped size: $bytes bytes"
# A bound to be raised with a reason: docs/decisions.md, "The size of the library".
report 'is at most 20 MB stripped' "$([ "$bytes" -le 20000000 ] || echo "$bytes bytes")"
exit $status
