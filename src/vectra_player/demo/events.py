"""Payloads of the events beside the game: special events, chat, replies. Pure.

Shapes: docs/protocol.md section 9. Used by the simulation and for greeting a client.
"""

from __future__ import annotations

import random

from vectra_player.demo.people import Person, chat_line
from vectra_player.demo.values import PRACTICE_MINT, Payload, Stamps, digest, iso, new_uuid

HOUR_MS = 3_600_000
ROYALE_TIERS: Payload = {"1": 3, "2": 1, "3": 0.5, "4": 0.15, "5": 0.1, "6-10": 0.05}
SIDEBET_TIERS: Payload = {"1": 1, "2": 0.5, "3": 0.25, "4": 0.1, "5-10": 0.025}


def battle() -> Payload:
    """Build `battleEventUpdate` with no battle on."""
    names = ["startTime", "endTime", "nextEventStartTime", "currentEvent", "nextEvent"]
    return {
        "status": "SCHEDULED",
        **dict.fromkeys(names),
        "leaderboard": [],
        "fullLeaderboardSize": 0,
        "playerPosition": None,
        "participantCount": 0,
        "activeBattleCount": 0,
        "lobbyCreationDisabled": False,
        "queue": {"active": False, "queueSize": 0, "availableLobbies": 0},
        "isShowingPreviousEvent": None,
        "eventSchedule": [],
        "config": _config(token=PRACTICE_MINT, startingBalance=100),
    }


def rug_royale(people: list[Person], stamps: Stamps) -> Payload:
    """Build `rugRoyaleUpdate` with no event on and the last ranking."""
    rows = [
        {
            "playerId": person.id,
            "username": person.username,
            "balance": round(5000 / rank, 9),
            "level": person.level,
            "lastUpdated": stamps.origin_ms - 24 * HOUR_MS,
            "rank": rank,
        }
        for rank, person in enumerate(people[:10], 1)
    ]
    config = _config(token=PRACTICE_MINT, startingBalance=100)
    return _contest(rows, config | {"prizeTiers": ROYALE_TIERS})


def sidebet_event(people: list[Person], stamps: Stamps) -> Payload:
    """Build `sidebetEventUpdate` with no event on and the last ranking."""
    rows = [
        {
            "playerId": person.id,
            "username": person.username,
            "sidebetsHit": 2,
            "sidebetsPlaced": 5 + rank,
            "accuracy": 200 / (5 + rank),
            "avgTicksOff": 6 + rank / 8,
            "level": person.level,
            "lastUpdated": stamps.origin_ms - 48 * HOUR_MS,
            "rank": rank,
        }
        for rank, person in enumerate(people[10:20], 1)
    ]
    return _contest(rows, _config() | {"prizeTiers": SIDEBET_TIERS})


def maintenance(*, active: bool = False) -> Payload:
    """Build `maintenanceUpdate`; when nothing is planned, the text of last time is left over."""
    return {
        "active": active,
        "message": "Server will reboot after this round. Will take approximately 3 minutes.",
        "mega": False,
    }


def golden_hour(seed: int, stamps: Stamps) -> Payload:
    """Build `goldenHourUpdate` of a golden hour that lasts the whole day."""
    name = digest("golden", seed)
    event = {
        "id": f"admin-{name[:8]}-{name[8:12]}-4{name[13:16]}-a{name[17:20]}-{name[20:32]}",
        "startTime": iso(stamps.origin_ms - HOUR_MS),
        "endTime": iso(stamps.origin_ms + 23 * HOUR_MS),
        "prepTimeMinutes": 0,
        "levelRequired": 10,
        "status": "SCHEDULED",
        "createdAt": iso(stamps.origin_ms - HOUR_MS - 224_682),
        "createdBy": "admin",
        "prizeAmount": 0.05,
        "maxEntries": 50,
        "durationMinutes": 60,
    }
    return {
        "status": "ACTIVE",
        "activeEventId": event["id"],
        "currentEvent": event,
        "upcomingEvents": [],
        "events": [event],
        "currentGameIsGolden": True,
    }


def golden_drawing(
    rng: random.Random, people: list[Person], game_id: str, stamp_ms: int
) -> Payload:
    """Build `goldenHourDrawing` after the rug of a golden game."""
    chosen = rng.sample(people, k=min(len(people), rng.randint(66, 81)))
    counts = [rng.choice((1, 4, 8, 12, 16, 44, 50)) for _ in chosen]
    winner = rng.choices(range(len(chosen)), counts)[0]
    return {
        "id": new_uuid(rng),
        "timestamp": stamp_ms,
        "gameId": game_id,
        "entries": [
            {
                "playerId": person.id,
                "username": person.username,
                "entryCount": count,
                "entryPercentage": count / sum(counts) * 100,
            }
            for person, count in zip(chosen, counts, strict=True)
        ],
        "winnerIndex": winner,
        "prizeAmount": 0.05,
        "winnerPlayerId": chosen[winner].id,
    }


def chat(rng: random.Random, person: Person, stamp_ms: int) -> Payload:
    """Build `newChatMessage`."""
    return {
        "playerId": person.id,
        "username": person.username,
        "level": person.level,
        "message": chat_line(rng),
        "timestamp": stamp_ms,
        "filtered": False,
        "role": None,
        "tag": None,
        "verified": person.level >= 10,
        "discordUsername": None,
        "replyTo": None,
    }


def rugpool_long(people: list[Person], public: Payload) -> Payload:
    """Build the long form of the rugpool, as `gameStatePlayerUpdate` carries it."""
    entries = [2942 // rank for rank in range(1, 11)]
    total = 8321
    reward = 1.5255870661666708
    return {
        "instarugCount": public["instarugCount"],
        "rugpoolAmount": public["rugpoolAmount"],
        "totalEntries": total,
        "threshold": public["threshold"],
        "playersWithEntries": 85,
        "solPerEntry": 0.001,
        "maxEntriesPerPlayer": 5000,
        "playerEntries": [
            {
                "playerId": person.id,
                "entries": count,
                "username": person.username,
                "percentage": count / total * 100,
            }
            for person, count in zip(people, entries, strict=False)
        ],
        "lastDrawing": {
            "timestamp": 1_765_995_885_403,
            "winners": [
                {
                    "playerId": person.id,
                    "username": person.username,
                    "entries": 1764 // rank,
                    "reward": reward,
                }
                for rank, person in enumerate(people[:3], 1)
            ],
            "rewardPerWinner": reward,
            "totalPoolAmount": reward * 3,
        },
        "config": {"threshold": 10, "instarugThreshold": 6, "rugpoolPercentage": 0.5},
    }


def _config(**extra: object) -> Payload:
    return {**extra, "prepTimeMinutes": 30, "levelRequired": 1}


def _contest(rows: list[Payload], config: Payload) -> Payload:
    return {
        "status": "INACTIVE",
        "activeEventId": None,
        "currentEvent": None,
        "upcomingEvents": [],
        "events": [],
        "leaderboard": rows,
        "history": [],
        "playerPosition": None,
        "timeRemaining": None,
        "finalRound": False,
        "isInFinalRound": False,
        "config": config,
    }
