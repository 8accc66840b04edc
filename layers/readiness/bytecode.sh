#!/bin/sh
# Compile a folder to hash-checked bytecode: a zip's dates of 1980 invalidate any other kind.
#   bytecode.sh <folder> <where it will be on Lambda>
# Bytecode belongs to one Python version, and several lie side by side. Lambda's is compiled where
# such an interpreter can be found; where none can, Lambda compiles by itself, only later.
set -eu
folder=$1
deployed=$2
lambda=3.13

is() { "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$2')" 2>/dev/null; }

compile() {
    "$1" -m compileall -q -f --invalidation-mode checked-hash -s "$folder" -p "$deployed" "$folder"
}

of_lambda() {
    (
        IFS=:
        for directory in $PATH; do echo "$directory/python$lambda"; done
    )
    # A pyenv shim answers only for the versions that are switched on.
    for version in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$lambda".*; do
        echo "$version/bin/python$lambda"
    done
}

build=${PYTHON:-python3}
compile "$build"
if is "$build" "$lambda"; then exit 0; fi
of_lambda | while read -r candidate; do
    if [ -x "$candidate" ] && is "$candidate" "$lambda"; then
        compile "$candidate"
        break
    fi
done
