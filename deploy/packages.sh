# shellcheck shell=bash
# Brings what the build and the tests need from Debian's packages. Sourced by deploy/demo, tests/run and .ci/run.
#
#   lacking_for_build            prints the packages that `cargo build` needs and the machine lacks
#   bring_packages PACKAGE...    installs them as root, by sudo, or says what to do; returns 1 where it cannot

has() { command -v "$1" >/dev/null 2>&1; }

lacking_for_build() {
    has cc || printf '%s\n' gcc libc6-dev
    if ! has pkg-config; then
        printf '%s\n' pkg-config libssl-dev
    elif ! pkg-config --exists 'openssl >= 3.0' && [ -z "${OPENSSL_DIR:-}" ]; then
        printf '%s\n' libssl-dev
    fi
}

bring_packages() {
    [ $# -gt 0 ] || return 0
    local as_root=()
    if ! has apt-get; then
        printf 'Missing, and apt-get is not here to bring it: %s\n' "$*" >&2
        printf 'Thiếu gói và máy không có apt-get: %s\n' "$*" >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if has sudo; then
            as_root=(sudo)
        else
            printf 'Missing packages. Run as root: apt-get install %s\n' "$*" >&2
            printf 'Thiếu gói. Hãy chạy với quyền root: apt-get install %s\n' "$*" >&2
            return 1
        fi
    fi
    printf 'Installing / Đang cài: %s\n' "$*" >&2
    # An old list is as good as none: update first; a mirror that is down shows at the installation.
    "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update >&2 || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install "$@" \
        >&2 </dev/null || {
        printf 'apt-get could not install: %s\n' "$*" >&2
        printf 'apt-get không cài được: %s\n' "$*" >&2
        return 1
    }
}
