#!/usr/bin/env bash
# Set up the environment and run every check. Arguments go to pytest.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"
need_packages chromium fonts-dejavu-core
want_packages chromium-headless-shell # pages take a third of the time in it
want_packages nats-server # the broker of several recorders; its tests are left out without it
set_up "$root" dev
cd "$root"
bin="$root/.venv/bin"
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/lint-imports" --no-cache
# Most tests wait for a browser, a socket or the disk: three at a time, a file on one of them, and in
# the order of the folders: the many short files of tests/unit come last, so that none is left with
# a long one at the end.
exec "$bin/python" -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder "$@"
