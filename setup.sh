#!/bin/sh
# Makes the virtual environment and builds the C++ extension into the checkout.
# usage: ./setup.sh [PYTHON] [VENV]; called by make.
set -eu
python=${1:-python3}
venv=${2:-.venv}

need=""
command -v "$python" >/dev/null 2>&1 || need="$need python3"
command -v c++ >/dev/null 2>&1 || need="$need g++"
if command -v "$python" >/dev/null 2>&1; then
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "face-gate needs Python 3.11 or later; $python is $("$python" --version). Try: make PYTHON=python3.12 demo" >&2
        exit 1
    }
    "$python" -c 'import venv, ensurepip' 2>/dev/null || need="$need python3-venv"
    header=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    [ -e "$header/Python.h" ] || need="$need python3-dev"
fi
if [ -n "$need" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing:$need"
        apt-get update -qq
        # shellcheck disable=SC2086  # a list of package names
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $need >/dev/null
    else
        echo "missing:$need - install with: sudo apt-get install$need" >&2
        exit 1
    fi
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --upgrade pip
echo "building the extension and installing what it runs with (a minute or two)"
"$venv/bin/pip" install --quiet --editable .
