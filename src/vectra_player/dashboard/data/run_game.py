"""One game of a kept backtest, to be looked at and played step by step with its decisions.

What was decided comes from the run's own table, the prices from the store; a generated game is
made again in a worker. Used by the routes of `/backtest`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vectra_player.dashboard.faults import MissingError

if TYPE_CHECKING:
    import numpy.typing as npt

    from vectra_player.analysis.backtest import Run
    from vectra_player.dashboard.services import Services


class RunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that became of a decision. why: what led to it. Amounts are SOL.

    number: of the decision, null for what the rug took. qty_held, staked: afterwards.
    """

    number: int | None
    kind: str
    decided_tick: int | None
    tick: int
    price: float
    amount: float
    qty: float
    profit: float
    cash: float
    message: str
    why: str
    qty_held: float
    staked: float


class RunGameData(msgspec.Struct, frozen=True, kw_only=True):
    """One game of a run. prices: by tick, null where not known, the rug price last.

    number: its place in the run, from 1. before, after: the games next to it in which something
    was done. recorded: the store has a page of it.
    """

    run: str
    strategy: str
    game_id: str
    number: int
    games: int
    before: str | None
    after: str | None
    recorded: bool
    rug_tick: int | None
    prices: list[float | None]
    cash_before: float
    profit: float
    coin_flip_profit: float
    events: list[RunEvent]


def run_game(services: Services, run: Run, game_id: str) -> RunGameData:
    """Return a game of a run. Raises MissingError where the run has none of that id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from vectra_player.analysis.explain import explained

    names: Any = run.per_game.column("game_id")
    number = pc.index(names, game_id).as_py()
    if number < 0:
        raise MissingError(f"{game_id[:80]} was not played in this run.")
    row = run.per_game.slice(number, 1).to_pylist()[0]
    generated = run.record.games["asked"].startswith("generated:")
    prices, rug_tick = _prices(services, run, game_id, generated)
    told = run.trades.filter(pc.equal(run.trades.column("game_id"), pa.scalar(game_id))).to_pylist()
    events = explained(run.record.contestant, told, prices)
    before, after = _neighbours(run, number)
    return RunGameData(
        run=run.record.manifest.run_id,
        strategy=run.record.strategy,
        game_id=game_id,
        number=number + 1,
        games=run.per_game.num_rows,
        before=before,
        after=after,
        recorded=not generated,
        rug_tick=rug_tick,
        prices=[price if price == price else None for price in prices.tolist()],
        cash_before=float(run.record.whole.cash_before + _gained(run, number)),
        profit=float(row["profit"]),
        coin_flip_profit=float(row["coin_flip_profit"]),
        events=[msgspec.convert(_plain(event), RunEvent) for event in events],
    )


def _prices(
    services: Services, run: Run, game_id: str, generated: bool
) -> tuple[npt.NDArray[Any], int | None]:
    import numpy as np

    from vectra_player.analysis.games import load_games
    from vectra_player.store.reads import GameFilter

    if generated:
        asked = {"run": run.record.manifest.run_id, "game": game_id}
        made = services.compute.ask("backtest:generated_game", asked, limit_s=20.0)
        return np.array(made["prices"], np.float64), made["rug_tick"]
    with services.store.reader() as reader:
        games = load_games(reader, GameFilter(origins="all"), [game_id])
    if not len(games):
        raise MissingError(
            f"The game {game_id} is not stored any more.",
            advice="It was deleted, or the run was made with another data directory.",
        )
    rug_tick = int(games.rug_ticks[0])
    return games.prices_of(0), rug_tick if rug_tick >= 0 else None


def _neighbours(run: Run, number: int) -> tuple[str | None, str | None]:
    """Return the nearest games before and after in which something was bought or bet."""
    import numpy as np

    table = run.per_game
    done: Any = table.column("buys").to_numpy() + table.column("bets").to_numpy()
    places = np.flatnonzero(done)
    names = table.column("game_id")
    before, after = places[places < number], places[places > number]
    return (
        str(names[int(before[-1])].as_py()) if len(before) else None,
        str(names[int(after[0])].as_py()) if len(after) else None,
    )


def _gained(run: Run, number: int) -> Any:
    """Return what the games before brought, SOL."""
    import pyarrow.compute as pc

    if not number:
        return 0
    return pc.sum(run.per_game.column("profit").slice(0, number)).as_py()


def _plain(event: Any) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.structs.asdict(event)
    for name in ("amount", "qty", "profit", "cash", "qty_held", "staked"):
        told[name] = float(told[name])
    return told
