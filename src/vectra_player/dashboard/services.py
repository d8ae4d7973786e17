"""What the routes of the dashboard work with; made by `app.dashboard`, handed to `create_app`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from vectra_player.dashboard.compute import Compute
    from vectra_player.dashboard.data.sessions import SessionData
    from vectra_player.dashboard.data.store import Store
    from vectra_player.dashboard.guard import Keys
    from vectra_player.dashboard.jobs import Jobs
    from vectra_player.dashboard.neighbour import Neighbour
    from vectra_player.dashboard.paper import PaperRuns


class Services(NamedTuple):
    """Everything a route may use. `feed_port`: where the feed is expected while it does not run."""

    data_dir: Path
    port: int
    feed_port: int | None
    keys: Keys
    neighbour: Neighbour
    store: Store
    sessions: SessionData
    jobs: Jobs
    compute: Compute
    paper: PaperRuns
    static_roots: Sequence[Path]
