"""Record what became of orders, and keep what no recording takes till the next one does.

Used by `trader` only, on the service's event loop.
"""

from __future__ import annotations

import asyncio

from vectra_player.bus import spawn
from vectra_player.model.action import OUTCOME
from vectra_player.trading.gate import Gate
from vectra_player.trading.records import ActionRecord, Facts

OUTCOME_DURABLE_S = 30.0
"""An outcome that is not on the disk by then is told as UNKNOWN after a restart."""


class Outcomes:
    """Outcomes on their way to the disk; the gate remembers an order until they are there."""

    def __init__(self, facts: Facts, gate: Gate) -> None:
        self._facts = facts
        self._gate = gate
        self._unrecorded: list[ActionRecord] = []
        self._keeping: set[asyncio.Task[None]] = set()

    def record(self, *records: ActionRecord) -> None:
        """Record outcomes, after those of orders of ours that no recording took before."""
        earlier, self._unrecorded = self._unrecorded, []
        for record in (*earlier, *records):
            seq = self._facts.note(OUTCOME, record)
            if seq:
                keeping = spawn(self._keep(seq, record), name="outcome")
                self._keeping.add(keeping)
                keeping.add_done_callback(self._keeping.discard)
            elif record.intent_ts is not None:
                self._unrecorded.append(record)

    async def settled(self) -> None:
        """Wait until every outcome that was taken is on the disk, or given up."""
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def _keep(self, seq: int, record: ActionRecord) -> None:
        """Let the gate forget an order when its outcome is on the disk, and not before."""
        if await self._facts.durable(seq, OUTCOME_DURABLE_S):
            self._gate.outcome_durable(record.action_id)
