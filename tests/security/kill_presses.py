"""The kill switch under load: a loop that presses as fast as it may, killed at random moments.

`python -m tests.security.kill_presses --kills 100000` is the long form. The clock is virtual, the
files are real. Each round starts a service, presses, is killed in one of four ways, goes on
trying for a second, and starts again.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import tempfile
from collections import Counter
from pathlib import Path

from msgspec import Struct
from tests.gate_support import Clock, make_gate, make_order, make_scene, outcome

from vectra_player.errors import PressRefusedError
from vectra_player.trading.gate import Gate
from vectra_player.trading.kill import write_kill
from vectra_player.trading.permit import Permit

WAYS = ("page", "cli", "file", "signal")
AFTER_S = 0.5

MEMORY = Path("/dev/shm")
"""Files that no disk delays, where there is such a place: no power is lost here."""


class Tally(Struct):
    """What came of all rounds. `late`: presses after a kill, by how long after it they came."""

    kills: Counter[str]
    presses: int = 0
    late_100_ms: int = 0
    late: int = 0
    forgotten: int = 0


def fall(way: str, gate: Gate, folder: Path) -> None:
    """Let the kill switch fall, as each of the four ways does it."""
    if way == "page":
        gate.kill("page")
    elif way == "cli":
        write_kill(folder / "KILL", "trade kill")
    elif way == "file":
        (folder / "KILL").touch()
    else:
        gate.switch.fall("signal SIGUSR1")


class Presser:
    """A desk that never stops trying; its permits wait for a random time before they are spent."""

    def __init__(self, gate: Gate, clock: Clock, random: random.Random) -> None:
        self._gate = gate
        self._clock = clock
        self._random = random
        self._held: list[Permit] = []

    def turn(self) -> int:
        """Do one thing; return the presses it made."""
        ways = self._gate.status().under_way
        order = make_order(self._random.choice(["BUY", "SIDEBET"]))
        if ways:
            way = self._random.choice(ways)
            order = make_order(way.action_type, action_id=way.action_id)
        button = self._random.choice([order.action_type, *["+0.001"] * 8])
        with contextlib.suppress(PressRefusedError):
            self._held.append(self._gate.permit(order, make_scene(self._clock), button))
        pressed = 0
        while self._held and self._random.random() < 0.6:
            permit = self._held.pop(self._random.randrange(len(self._held)))
            try:
                permit.spend(permit.button)
                pressed += 1
            except PressRefusedError:
                continue
        for way in ways:
            if not way.unknown and self._random.random() < 0.15:
                ended = make_order(way.action_type, action_id=way.action_id)
                self._gate.note_outcome(outcome(ended))
        return pressed


def one_round(folder: Path, clock: Clock, way: str, random: random.Random, tally: Tally) -> None:
    """Press, be killed, try on, start again, and try on."""
    clock.pass_s(61)  # no order of the round before counts against these
    gate = make_gate(folder, clock, orders_per_minute=60)
    presser = Presser(gate, clock, random)
    kill_s = clock.seconds + random.uniform(0.02, 0.6)
    while clock.seconds < kill_s:
        tally.presses += presser.turn()
        clock.pass_s(random.uniform(0.001, 0.04))
    fall(way, gate, folder)
    tally.kills[way] += 1
    killed_s = clock.seconds
    while clock.seconds < killed_s + AFTER_S:
        pressed = presser.turn()
        tally.late += pressed
        tally.late_100_ms += pressed * (clock.seconds > killed_s + 0.1)
        clock.pass_s(random.uniform(0.001, 0.05))
    again = make_gate(folder, clock, orders_per_minute=60)
    tally.late_100_ms += Presser(again, clock, random).turn()
    tally.forgotten += again.state() != "HALTED" or not again.status().killed
    again.acknowledge("test")


def run(kills: int, seed: int) -> Tally:
    """Do so many rounds."""
    draw, tally, clock = random.Random(seed), Tally(Counter()), Clock()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        for number in range(kills):
            one_round(Path(folder), clock, WAYS[number % len(WAYS)], draw, tally)
    return tally


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    tally = run(given.kills, given.seed)
    print(f"{given.kills:,} kills {dict(tally.kills)}, seed {given.seed}")
    print(f"{tally.presses:,} presses before, {tally.late} after, {tally.late_100_ms} after 100 ms")
    print(f"{tally.forgotten} forgotten by a restart")
    raise SystemExit(bool(tally.late_100_ms or tally.forgotten))


if __name__ == "__main__":
    main()
