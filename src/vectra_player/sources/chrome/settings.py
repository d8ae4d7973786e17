"""What the Chrome source needs to know; `app` fills it from the user's settings."""

from __future__ import annotations

from pathlib import Path

import msgspec

from vectra_player.model.selectors import Selectors


class ChromeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a Chrome and which page to record.

    `cdp_port` None: launch our own over a pipe. A visible browser stays open when the recorder
    stops, unless `close_browser`; a headless one closes with it. `selectors`: the buttons whose
    presses are told of; None: nobody listens for presses.
    """

    game_url: str
    profile_dir: Path
    cdp_port: int | None = None
    headless: bool = False
    chrome_path: Path | None = None
    close_browser: bool = False
    selectors: Selectors | None = None
