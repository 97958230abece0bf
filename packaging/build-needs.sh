# shellcheck shell=bash
# What a build needs: packages of Debian, and an environment with a pip that is new enough.  Sourced
# by packaging/dev and packaging/install.  Packages are known by what they bring, so apt is asked
# only when something lacks.

readonly ME=${0##*/}

say() { printf '%s: %s\n' "$ME" "$*" >&2; }
die() { say "$*"; exit 1; }

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# The real path of the first Python among the arguments that is new enough.
first_recent_python() {
    local name path
    for name in "$@"; do
        path=$(command -v "$name") && is_recent "$path" || continue
        "$path" -c 'import os, sys; print(os.path.realpath(sys.executable))'
        return
    done
    die "needs Python 3.11 or later; on Debian 12 or 13: apt-get install python3"
}

# Packages that are missing for building systemd-python with the interpreter $1, one per line.
missing_for_build() {
    local python=$1 include
    command -v gcc >/dev/null || printf '%s\n' gcc libc6-dev
    command -v pkg-config >/dev/null || echo pkg-config
    [ -e /usr/include/systemd/sd-daemon.h ] || echo libsystemd-dev
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    # Debian names both after the interpreter: python3.13-dev, python3.13-venv.
    [ -e "$include/Python.h" ] || echo "${python##*/}-dev"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || echo "${python##*/}-venv"
}

install_packages() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "missing, and there is no apt-get to install it with: $*"
    say "installing the Debian packages $*"
    as_root "$*" apt-get -q update || say "apt-get update failed; going on with what apt knows"
    as_root "$*" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y install --no-install-recommends "$@" </dev/null
}

# make_environment PYTHON DIR
make_environment() {
    "$1" -m venv --clear "$2"
    # Debian 12 has pip 23.0: it knows no dependency groups, and builds old packages its own way.
    pip_in "$2" 'pip>=25.1'
}

# pip_in DIR WHAT…
pip_in() {
    local environment=$1
    shift
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$@" </dev/null
}

# as_root WHAT COMMAND…: where we cannot become root, say WHAT has to be installed.
as_root() {
    local what=$1 sudo=(sudo)
    shift
    [ -t 0 ] || sudo+=(-n)
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then "${sudo[@]}" "$@"
    else die "neither root nor sudo here; as root: apt-get install --no-install-recommends $what"
    fi
}
