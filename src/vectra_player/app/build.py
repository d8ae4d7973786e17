"""Build sources and store settings from the user's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vectra_player.clock import Clock
from vectra_player.config import Settings
from vectra_player.errors import UsageError
from vectra_player.model.units import Source as SourceLabel
from vectra_player.ports import free_port
from vectra_player.sources.base import Source
from vectra_player.sources.demo import DemoSource, DemoSourceSettings
from vectra_player.sources.public_ws import PublicWsSettings, PublicWsSource
from vectra_player.store.settings import StoreSettings

if TYPE_CHECKING:
    from vectra_player.sources.chrome.settings import ChromeSettings

SOURCES: dict[str, SourceLabel] = {
    "demo": "demo",
    "practice": "cdp",
    "chrome": "cdp",
    "public": "public_ws",
}
"""Names on the command line, and the labels stored with every row."""

LOGGED_IN = "/?login=1"
"""Has the demo server's page log in by itself."""


def build_source(name: str, settings: Settings, clock: Clock, *, close_browser: bool) -> Source:
    """Build the source the command line names.

    Raises:
        UsageError: there is no such source.
    """
    if name == "demo":
        demo = DemoSourceSettings(
            speed=settings.demo_speed, seed=settings.demo_seed, silence_s=settings.silence_s
        )
        return DemoSource(demo, clock)
    if name == "public":
        public = PublicWsSettings(url=settings.public_ws_url, silence_s=settings.silence_s)
        return PublicWsSource(public, clock)
    if name == "practice":
        return _practice_source(settings, clock)
    if name == "chrome":
        return _chrome_source(settings, clock, close_browser=close_browser)
    raise UsageError(f"No source is called {name!r}.", advice=f"Use one of {', '.join(SOURCES)}.")


def _chrome_source(settings: Settings, clock: Clock, *, close_browser: bool) -> Source:
    from vectra_player.sources.chrome.source import ChromeSource

    return ChromeSource(_chrome(settings, close_browser=close_browser), clock)


def _practice_source(settings: Settings, clock: Clock) -> Source:
    from vectra_player.sources.demo_process import DemoServerSettings
    from vectra_player.sources.practice import PracticeSource

    port = free_port()
    server = DemoServerSettings(speed=settings.demo_speed, seed=settings.demo_seed, port=port)
    chrome = _chrome(settings, close_browser=True)
    own = msgspec.structs.replace(
        chrome,
        game_url=f"http://127.0.0.1:{port}{LOGGED_IN}",
        profile_dir=chrome.profile_dir.with_name(f"{chrome.profile_dir.name}_practice"),
        cdp_port=None,
    )
    return PracticeSource(server, own, clock)


def _chrome(settings: Settings, *, close_browser: bool) -> ChromeSettings:
    from vectra_player.sources.chrome.settings import ChromeSettings
    from vectra_player.trading.selectors import load

    return ChromeSettings(
        selectors=load(settings.data_dir),
        game_url=settings.game_url,
        profile_dir=settings.chrome_profile_dir,
        cdp_port=settings.cdp_port,
        headless=settings.headless,
        chrome_path=settings.chrome_path,
        close_browser=close_browser,
    )


def store_settings(settings: Settings) -> StoreSettings:
    """Take from the user's settings what the store needs."""
    return StoreSettings(file_interval_s=settings.file_interval_s)
