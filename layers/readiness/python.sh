#!/bin/sh
# Print the path of an interpreter of a version, such as 3.13, and nothing where none is installed.
#   python.sh <version>
set -uf
version=$1

candidates() {
    (
        IFS=:
        for directory in $PATH; do printf '%s\n' "$directory/python$version"; done
    )
    # A pyenv shim answers only for the versions that are switched on.
    set +f
    for directory in "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/$version".*; do
        printf '%s\n' "$directory/bin/python$version"
    done
}

candidates | while IFS= read -r candidate; do
    if [ -x "$candidate" ] && "$candidate" -c "
import sys
sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null </dev/null; then
        printf '%s\n' "$candidate"
        break
    fi
done
