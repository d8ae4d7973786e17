"""What the search of the Protocol Explorer is asked and answers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class AskedFor(msgspec.Struct, frozen=True):
    """A question in words, or an exact name."""

    q: Annotated[str, Meta(min_length=1, max_length=500, description="1 to 500 characters")]


class Found(msgspec.Struct, frozen=True):
    """A passage: `source` is the section, event, game or session it tells of."""

    id: str
    score: float
    title: str
    text: str
    source: str
    game_id: str
    session_id: str
    event_name: str


class Answers(msgspec.Struct, frozen=True):
    """Passages, best first. `answers`: false where none seems to answer the question.

    `by` words alone where there is no index, and `why`; by meaning, `why` the index is stale.
    """

    by: Literal["meaning", "words"]
    why: str
    advice: str
    passages: list[Found]
    answers: bool
