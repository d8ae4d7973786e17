# Sourced by run.sh and test.sh: the whole set-up of a fresh machine.

say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# need_packages NAME...: install the Debian packages that are missing, or say how.
need_packages() {
    local missing=() name
    for name in "$@"; do
        case "$name" in
            chromium) has_chrome && continue ;;
            chromium-headless-shell | fonts-dejavu-core | nats-server) [ "$(uname -s)" = Linux ] || continue ;;
        esac
        dpkg -s "$name" >/dev/null 2>&1 || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    local line="apt-get install -y ${missing[*]}"
    if ! command -v apt-get >/dev/null || { [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; }; then
        say "Missing: ${missing[*]}. Run this first:  sudo $line"
        exit 2
    fi
    say "Installing ${missing[*]} ..."
    as_root env DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -qq && $line -qq" >/dev/null
}

# want_packages NAME...: the same, but go on without those that cannot be had.
want_packages() {
    (need_packages "$@") || say "Going on without $*."
}

has_chrome() {
    local name
    [ -n "${VECTRA_CHROME:-}" ] && return 0
    [ -d "/Applications/Google Chrome.app" ] && return 0
    for name in google-chrome google-chrome-stable chromium chromium-browser; do
        command -v "$name" >/dev/null && return 0
    done
    return 1
}

find_python() {
    local name
    for name in python3.11 python3.12 python3.13 python3; do
        if command -v "$name" >/dev/null &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# set_up ROOT user|dev: make ROOT/.venv hold exactly what the lock names.
set_up() {
    local root="$1" kind="$2" python stamp want
    if ! python="$(find_python)"; then
        need_packages python3 python3-venv
        python="$(find_python)" || { say "Python 3.11 or newer is needed."; exit 2; }
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null || need_packages python3-venv
    stamp="$root/.venv/.vectra-$kind"
    want="$(cat "$root/requirements/$kind.txt" "$root/pyproject.toml" | cksum; printf '%s' "$root")"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && [ -x "$root/.venv/bin/vectra-player" ]; then
        return
    fi
    say "Setting up $root/.venv (once; a minute or two) ..."
    if ! "$root/.venv/bin/python" -c '' 2>/dev/null || [ "$(cat "$root/.venv/.vectra-root" 2>/dev/null)" != "$root" ]; then
        rm -rf "$root/.venv"
        "$python" -m venv "$root/.venv"
        printf '%s' "$root" >"$root/.venv/.vectra-root"
    fi
    "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes --requirement "$root/requirements/$kind.txt" >&2
    "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --no-deps --no-build-isolation --editable "$root" >&2
    printf '%s' "$want" >"$stamp"
    if [ "$kind" = dev ]; then
        want="$(cat "$root/requirements/user.txt" "$root/pyproject.toml" | cksum; printf '%s' "$root")"
        printf '%s' "$want" >"$root/.venv/.vectra-user"
    fi
}
