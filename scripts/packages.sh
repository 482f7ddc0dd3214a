#!/usr/bin/env bash
# Installs the Debian packages that building (default) or also testing (argument "test") needs, where they are
# missing: as root or through sudo without a password; otherwise prints the command and fails.
set -euo pipefail

purpose=${1:-build}
missing=()

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
need() { installed "$1" || missing+=("$1"); }
need_command() { command -v "$1" >/dev/null || missing+=("$2"); }

if ! command -v dpkg-query >/dev/null; then
    # Not Debian: what matters is whether the libraries can be found.
    if command -v pkg-config >/dev/null && pkg-config --exists openblas hdf5; then exit 0; fi
    echo "Apus needs pkg-config and the development files of OpenBLAS and HDF5: please install them." >&2
    exit 1
fi

need libopenblas-dev
need libhdf5-dev
need_command pkg-config pkg-config
need_command gcc gcc
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
if [ "$purpose" = test ]; then
    need_command g++ g++
    need_command cmake cmake
    need_command readelf binutils
    # The Swift toolchain brings a clang of its own.
    command -v clang >/dev/null || [ -x "$(dirname "$(readlink -f "$(command -v swift || echo /)")")/clang" ] || missing+=(clang)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        echo "Apus needs Debian packages that are not installed. Please run:" >&2
        echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
fi
echo "Installing Debian packages: ${missing[*]}"
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}
"${as_root[@]}" apt-get update -qq </dev/null || true
install
