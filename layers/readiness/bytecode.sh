#!/bin/sh
# Compile a folder to hash-checked bytecode: a zip's dates of 1980 invalidate any other kind.
#   bytecode.sh <folder> <where it will be on Lambda>
# Bytecode belongs to one Python version: it is Lambda's where such an interpreter can be found.
# Where none can, it is the building Python's, and Lambda compiles by itself, only later.
# BYTECODE_ALSO names an interpreter whose bytecode shall lie beside it, for an embedded AWS.
set -eu
folder=$1
deployed=$2
lambda=3.13

is() { "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$2')" 2>/dev/null; }

compile() {
    "$1" -m compileall -q -f --invalidation-mode checked-hash -s "$folder" -p "$deployed" "$folder"
}

build=${PYTHON:-python3}
if is "$build" "$lambda"; then
    chosen=$build
else
    case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
    chosen=$(/bin/sh "$here/python.sh" "$lambda")
fi
compile "${chosen:-$build}"
if [ -n "${BYTECODE_ALSO:-}" ]; then compile "$BYTECODE_ALSO"; fi
