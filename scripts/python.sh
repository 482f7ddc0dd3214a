#!/usr/bin/env bash
# Makes the project's own Python environment, .venv, with what the demo (default) or the tests (argument "test") use.
# Quick when it is there already: the list of packages installed last is kept beside it.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-demo}
packages=(numpy)
if [ "$purpose" = test ]; then packages+=(pytest h5py scipy scikit-learn keras jax); fi

stamp=.venv/apus-$purpose
wanted="${packages[*]} torch=${APUS_TORCH:-cpu}"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then exit 0; fi

echo "Preparing .venv: ${packages[*]}"
[ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || python3 -m venv --clear .venv
pip() { .venv/bin/python -m pip --disable-pip-version-check -q "$@" </dev/null; }
pip install "${packages[@]}"

# PyTorch is only a neighbour in one process. Its default wheels for Linux are gigabytes of CUDA, so it is taken where
# pip has a CPU wheel at hand (find-links), or on request: APUS_TORCH=default installs what pip offers, APUS_TORCH=no
# nothing.
if [ "$purpose" = test ]; then
    case ${APUS_TORCH:-cpu} in
    cpu) if pip install --no-index --no-deps torch 2>/dev/null; then pip install torch; fi ;;
    default) pip install torch ;;
    esac
    .venv/bin/python -c 'import torch' 2>/dev/null || echo "Without PyTorch: no CPU wheel at hand (see scripts/python.sh)."
fi
echo "$wanted" >"$stamp"
