"""Make docs/conversation.md: what an assistant asks the real server, and what it is answered.

Imports recordings into a folder that is thrown away, builds the index, starts `vectra-player mcp`
as an assistant's program does, and asks through the SDK's own client. Every figure of the page is
one of an answer. Run it again when answers change:
`python scripts/make_conversation.py RECORDINGS`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from mcp import Client, StdioServerParameters, stdio_client

from vectra_player.game.sidebet import FAIR_WIN_CHANCE
from vectra_player.strategy.score import interval

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "conversation.md"
MOST_ITEMS: Final = 4
MOST_CHARS: Final = 220

HEAD: Final = """\
# A conversation

<!-- Made by scripts/make_conversation.py; run it again instead of editing. -->

The questions people ask most, put to `vectra-player mcp` over recordings of the real game as
[an assistant](how-to/assistant.md) puts them. Made by a program on {day}: each
answer is the server's own, with fewer fields and shorter lists, and `…` where something is left
out; the sentence below it says no more than it holds.
The [index](how-to/search.md) leaves this page out, since it tells of recordings that are not yours.
"""

BETS: Final = """\
SELECT count(*) FILTER (outcome = 'won') AS won, count(*) FILTER (outcome = 'lost') AS lost,
  list(concat_ws('/', 'sidebet', session_id, seq, sub) ORDER BY ts, seq, sub)[:2] AS rows
FROM sidebet WHERE date = '{day}' AND coalesce(coin_address, '') <> '0xPractice'"""

INCOMPLETE: Final = """\
SELECT completeness, count(*) AS games, sum(ticks_missing) AS ticks_missing,
  min(concat_ws('/', 'game', session_id, seq, sub)) AS one_of_them
FROM game GROUP BY completeness ORDER BY games DESC"""

BEST_KNOWN: Final = """\
SELECT game_id FROM game WHERE completeness = 'full' ORDER BY trade_count DESC, game_id LIMIT 1"""

GAME_FIELDS: Final = (
    *("completeness", "started_at", "rug_tick", "rug_price", "peak", "peak_tick"),
    *("prices_known", "path", "trades_recorded", "sidebets", "rows"),
)
FAIR_FIELDS: Final = (
    *("status", "meaning", "compared", "commitment", "seconds_before", "differences", "rows"),
)


class Talk:
    """Asks the server, and notes questions, calls, answers and sentences as Markdown."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.parts: list[str] = []

    def hears(self, question: str) -> None:
        """Note what a person asks."""
        self.parts.append(f"## {question}")

    async def ask(self, tool: str, keep: Sequence[str] = (), **given: Any) -> Any:
        """Call a tool and note the call and of the answer what is named in `keep`."""
        answer = await self._client.call_tool(tool, given)
        told = answer.structured_content
        if answer.is_error or told is None:
            raise SystemExit(f"{tool}: {answer.content}")
        told = told.get("result", told)
        if keep:
            self.notes(tool, given, told, keep)
        return told

    def notes(self, tool: str, given: Mapping[str, Any], told: Any, keep: Sequence[str]) -> None:
        """Note a call and the fields of its answer that are named in `keep`."""
        self.parts += [called(tool, given), shown(told, keep)]

    def says(self, sentence: str) -> None:
        """Note what an assistant can say after that."""
        self.parts.append(f"> {sentence}")


def called(tool: str, given: Mapping[str, Any]) -> str:
    """Return a call as Markdown; SQL keeps its lines."""
    words = ", ".join(f"{name}={json.dumps(value)}" for name, value in given.items())
    if "sql" in given:
        return f"`{tool}` with\n\n```sql\n{given['sql']}\n```"
    return f"`{tool}({words})`"


def shown(told: Any, keep: Sequence[str]) -> str:
    """Return the fields of an answer that are named, shortened, as Markdown."""
    text = json.dumps({name: brief(told[name]) for name in keep}, ensure_ascii=False, indent=1)
    return f"```json\n{joined(text)}\n```"


def brief(value: Any) -> Any:
    """Return a value with shorter lists and texts, marked where something is left out."""
    if isinstance(value, dict):
        return {name: brief(one) for name, one in value.items() if one not in (None, [], {})}
    if isinstance(value, list):
        left = len(value) - MOST_ITEMS
        return [brief(one) for one in value[:MOST_ITEMS]] + ([f"… {left} more"] if left > 0 else [])
    if isinstance(value, str) and len(value) > MOST_CHARS:
        return f"{value[:MOST_CHARS].rpartition(' ')[0]} …"
    return value


def joined(text: str) -> str:
    """Put short objects and lists of indented JSON on one line each."""
    return re.sub(
        r"([\[{])\n\s+([^\[\]{}]{1,180}?)\n\s+([\]}])",
        lambda m: m[1] + re.sub(r"\n\s+", " ", m[2]) + m[3],
        text,
    )


async def meaning(talk: Talk) -> None:
    """What does a field mean?"""
    talk.hears("What does `avgCost` on the leaderboard mean?")
    asked: dict[str, Any] = {"text": "What does avgCost mean?", "n_results": 1}
    found = await talk.ask("chroma_query_documents", **asked)
    first = found["passages"][0]
    line = next(line for line in first["text"].splitlines() if "avgCost" in line)
    told = {"text": line, "source": first["source"], "score": first["score"]}
    kept = {"passages": [told], "answers": found["answers"]}
    talk.notes("chroma_query_documents", asked, kept, ("passages", "answers"))
    event = (await talk.ask("describe_event", name="gameStateUpdate"))[0]
    seen = next(one for one in event["fields"] if one["path"] == "$.leaderboard[].avgCost")
    event["fields"] = [seen]
    keep = ("packets", "first_seen", "last_seen", "fields", "rows")
    talk.notes("describe_event", {"name": "gameStateUpdate"}, event, keep)
    talk.says(
        f"{line.strip('| ').rpartition('| ')[2].removesuffix(' (V)')} ({first['source']})."
        f" It was in {seen['presence']:.0%} of {event['packets']:,} recorded packets, from"
        f" {seen['low']:.4g} to {seen['high']:.4g}."
    )


async def rule(talk: Talk) -> None:
    """A rule of the game, from the knowledge base."""
    talk.hears("Does a sidebet win when the rug comes at the last tick of its window?")
    found = await talk.ask(
        "chroma_query_documents",
        ("passages", "answers"),
        text="Does a sidebet win when the rug comes at the last tick?",
        n_results=1,
    )
    first = found["passages"][0]
    talk.says(f"{' '.join(re.split(r'(?<=[.]) ', first['text'])[:2])} ({first['source']})")


async def course(talk: Talk, game_id: str) -> None:
    """What happened in a game, and which games look like it?"""
    talk.hears(f"What happened in game {game_id}?")
    game = await talk.ask("get_game", GAME_FIELDS, game_id=game_id)
    bets = game["sidebets"]
    talk.says(
        f"It began at {moment(game['started_at'])}, rose to {game['peak']:.4g}x at tick"
        f" {game['peak_tick']} and was rugged at tick {game['rug_tick']}. Of the sidebets recorded"
        f" {bets['won']} won and {bets['lost']} lost; {game['trades_recorded']} trades were heard."
    )
    talk.hears("Which games look like it?")
    talk.notes("get_game", {"game_id": game_id}, game, ("alike",))
    near = ", ".join(
        f"{one['game_id']} ({one['rug_tick']} ticks, {one['peak']:.3g}x)"
        for one in game["alike"][:MOST_ITEMS]
    )
    talk.says(f"By length and peak: {near}.")


async def fairness(talk: Talk, game_id: str) -> None:
    """Was it fair?"""
    talk.hears("Was it fair?")
    fair = await talk.ask("verify_game", FAIR_FIELDS, game_id=game_id)
    before = fair["seconds_before"]
    shown_first = "" if before is None else f", {before:.0f} s before the game"
    talk.says(
        f"{fair['meaning']} {fair['compared']} prices were compared bit by bit, with"
        f" {len(fair['differences'])} differences; the hash of the seed: {fair['commitment']}"
        f"{shown_first}."
    )


async def bets(talk: Talk, today: dt.date) -> None:
    """How many sidebets won yesterday?"""
    talk.hears("How many sidebets won yesterday?")
    yesterday = today - dt.timedelta(days=1)
    span = {"since": str(yesterday), "until": str(today)}
    found = await talk.ask("coverage", ("first", "days", "sessions"), **span)
    if found["sessions"]:
        day = str(yesterday)
    else:
        days = await talk.ask("query_events", sql="SELECT max(date) FROM sidebet")
        day = days["rows"][0][0]
        talk.says(f"Nothing was recorded on {yesterday}. The last day with sidebets is {day}.")
    answer = await talk.ask("query_events", ("columns", "rows"), sql=BETS.format(day=day))
    won, lost, _ = answer["rows"][0]
    low, high = interval(won, won + lost)
    share = "" if low is None else (
        f": {won / (won + lost):.1%}, between {low:.1%} and {high:.1%} with 95 % confidence."
        f" A fair game gives {FAIR_WIN_CHANCE:.1%}"
    )  # fmt: skip
    talk.says(f"Of the sidebets recorded on {day} {won} won and {lost} lost{share}.")


async def gaps(talk: Talk) -> None:
    """Where are gaps?"""
    talk.hears("Where are gaps in the recordings?")
    keep = ("first", "last", "sessions", "days", "gaps_total", "gaps")
    found = await talk.ask("coverage", keep)
    games = await talk.ask("query_events", ("columns", "rows"), sql=INCOMPLETE)
    counts = ", ".join(f"{row[1]} {row[0]}" for row in games["rows"])
    talk.says(
        f"Recordings go from {moment(found['first'])} to {moment(found['last'])}."
        f" {unheard([one['date'] for one in found['days']])} Within sessions"
        f" {found['gaps_total']} gaps were noted. Of the games {counts}."
    )


def unheard(days: Sequence[str]) -> str:
    """Say between which days nothing was recorded."""
    dates = [dt.date.fromisoformat(day) for day in days]
    pairs = [(a, b) for a, b in pairwise(dates) if (b - a).days > 1]
    told = ", ".join(f"{a} and {b}" for a, b in pairs)
    return f"Nothing was recorded between {told}." if pairs else "No day between is missing."


def moment(text: str) -> str:
    """Return an ISO time to the second, as people write it."""
    return f"{text[:10]} {text[11:19]} UTC"


async def conversation(root: Path, today: dt.date) -> str:
    """Hold the conversation over a data directory and return the page."""
    words = ["-m", "vectra_player", "--data-dir", str(root), "mcp"]
    server = StdioServerParameters(command=sys.executable, args=words)
    async with Client(stdio_client(server)) as client:
        talk = Talk(client)
        chosen = await talk.ask("query_events", sql=BEST_KNOWN)
        await meaning(talk)
        await rule(talk)
        game_id = chosen["rows"][0][0]
        await course(talk, game_id)
        await fairness(talk, game_id)
        await bets(talk, today)
        await gaps(talk)
    return "\n\n".join([HEAD.format(day=today).rstrip(), *talk.parts]) + "\n"


def main() -> None:
    """Import, index, ask, write."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python scripts/make_conversation.py RECORDINGS")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        for words in (("import", sys.argv[1]), ("index", "build")):
            line = [sys.executable, "-m", "vectra_player", "--data-dir", str(root), *words]
            subprocess.run(line, check=True)
        page = asyncio.run(conversation(root, dt.datetime.now(dt.UTC).date()))
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
