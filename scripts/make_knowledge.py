"""Put what the code says into the knowledge base, and make pages of docs/ from it.

In `knowledge/` a fact of the code stands between `<!--= name -->` and `<!--/-->`; this fills it in.
`docs/protocol.md` and `docs/fairness.md` are the files of a folder one after another. Run after
changes of either; `tests/contract/test_knowledge.py` fails when a page is not what this writes.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from vectra_player.config import load
from vectra_player.game import sidebet, timing
from vectra_player.game.expectation import holding_edges
from vectra_player.game.price_path import V3
from vectra_player.model.rows import DOC_TYPES
from vectra_player.protocol.phases import GamePhase

PROJECT = Path(__file__).resolve().parent.parent
KNOWLEDGE = PROJECT / "knowledge"
MADE = {"docs/protocol.md": "protocol", "docs/fairness.md": "fairness"}
NOTE = "<!-- Made by scripts/make_knowledge.py from knowledge/{folder}; edit that. -->\n"

_FACT = re.compile(r"(<!--= (\w+) -->).*?(<!--/-->)", re.DOTALL)
_MARK = re.compile(r"<!--(?:= \w+ |/)-->")


def facts() -> dict[str, str]:
    """Return every fact by its name, as the code has it now."""
    settings = load({"data_dir": "/"}, {}).settings
    edge = float(holding_edges(np.array([1.0]), payout="nothing")[0])
    median = int(np.ceil(np.log(0.5) / np.log(1 - V3.rug_chance)))
    return {
        "start_price": f"{V3.start_price:g}",
        "tick_ms": str(timing.TICK_MS),
        "cooldown_s": f"{timing.COOLDOWN_MS / 1000:g}",
        "presale_s": f"{timing.PRESALE_MS / 1000:g}",
        "countdown_s": f"{timing.COUNTDOWN_MS / 1000:g}",
        "settling_s": f"{timing.SETTLING_TYPICAL_MS / 1000:g}",
        "phases": ", ".join(f"`{phase}`" for phase in GamePhase),
        "drift": f"−{-V3.drift_min:.0%} and +{V3.drift_max:.0%}".replace("%", " %"),
        "big_every": f"{1 / V3.big_chance:g}",
        "big_move": f"{V3.big_min:.0%} to {V3.big_max:.0%}".replace("%", " %"),
        "god_factor": f"{V3.god_factor:g}",
        "god_every": f"{1 / V3.god_chance:,.0f}",
        "god_limit": f"{V3.god_price_limit:g}",
        "rug_chance": f"{100 * V3.rug_chance:g} %",
        "mean_ticks": f"{1 / V3.rug_chance:g}",
        "median_ticks": str(median),
        "max_ticks": f"{V3.max_ticks:,}",
        "rug_share": f"{V3.rug_fraction:.0%}".replace("%", " %"),
        "holding_edge": f"{-100 * edge:.4f} %",
        "window": str(sidebet.WINDOW_TICKS),
        "window_s": f"{sidebet.WINDOW_TICKS * timing.TICK_MS / 1000:g}",
        "payout": str(sidebet.PAYOUT_MULTIPLE),
        "net_payout": str(sidebet.PAYOUT_MULTIPLE - 1),
        "presale_start": str(sidebet.PRESALE_START_TICK),
        "win_chance": f"{100 * sidebet.FAIR_WIN_CHANCE:.3f} %",
        "break_even": f"{100 * sidebet.BREAK_EVEN_CHANCE:g} %",
        "ev": f"−{-100 * sidebet.FAIR_EXPECTED_VALUE:.2f} %",
        "min_stake": f"{sidebet.MIN_STAKE_SOL:f}",
        "max_stake": f"{sidebet.MAX_STAKE_SOL:f}",
        "max_practice": f"{sidebet.MAX_STAKE_PRACTICE:,f}",
        "doc_types": ", ".join(f"`{name}`" for name in DOC_TYPES),
        "feed_port": str(settings.foundation_port),
        "monitor_port": str(settings.foundation_http_port),
        "dashboard_port": str(settings.dashboard_port),
    }


def filled(text: str, known: dict[str, str]) -> str:
    """Return a page with its facts as the code has them. Raises KeyError for an unknown one."""
    return _FACT.sub(lambda match: f"{match[1]}{known[match[2]]}{match[3]}", text)


def page(folder: str) -> str:
    """Return the page of docs/ that the files of a folder make, one after another."""
    parts = []
    for number, path in enumerate(sorted((KNOWLEDGE / folder).glob("*.md"))):
        text = _MARK.sub("", path.read_text("utf-8")).replace("](../../docs/", "](")
        head, _, rest = text.partition("\n")
        parts.append(text if number == 0 else rest.lstrip("\n"))
        assert head.startswith("# "), path
    title, _, body = "\n".join(parts).partition("\n")
    return f"{title}\n\n{NOTE.format(folder=folder)}{body}"


def pages() -> list[Path]:
    """Return the files of the knowledge base."""
    return sorted(KNOWLEDGE.rglob("*.md"))


def main() -> None:
    """Fill in the facts, then make the pages."""
    known = facts()
    for path in pages():
        path.write_text(filled(path.read_text("utf-8"), known), "utf-8")
    for name, folder in MADE.items():
        (PROJECT / name).write_text(page(folder), "utf-8")


if __name__ == "__main__":
    main()
