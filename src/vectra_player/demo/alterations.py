"""The pages that are not as they were, by name: `static/alterations.json`, read.

The page carries them out (`static/alterations.js`). `faults` knows the names by it; tests walk
through all of them to show that nothing wrong is ever pressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

TABLE = Path(__file__).parent / "static" / "alterations.json"


class Alteration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One alteration: what is different, which controls it concerns, what a clicker should do.

    expect: `works`: whoever reads the page with care can press as before. `refuses`: what is
    asked of a concerned control must not be pressed. `either`: both are right. In no case may
    another order, another amount or another share leave the page than was asked for.
    touches: BUY, SELL, SIDEBET, AMOUNT (the field and its buttons), SHARE.
    """

    what: str
    touches: tuple[Literal["BUY", "SELL", "SIDEBET", "AMOUNT", "SHARE"], ...]
    expect: Literal["works", "refuses", "either"]

    @property
    def safe(self) -> bool:
        """Tell whether every control still does what it says."""
        return self.expect == "works"


@cache
def alterations() -> Mapping[str, Alteration]:
    """Return all alterations by name, in the order of the table."""
    return MappingProxyType(msgspec.json.decode(TABLE.read_bytes(), type=dict[str, Alteration]))
