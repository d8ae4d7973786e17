#!/usr/bin/env bash
# Set up the environment if it is missing or stale, then start VECTRA-PLAYER.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"
case " $* " in
    *" --source chrome "* | *" --source=chrome "*) need_packages chromium ;;
esac
set_up "$root" user
exec "$root/.venv/bin/vectra-player" up "$@"
