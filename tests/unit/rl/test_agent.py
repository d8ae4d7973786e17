"""An agent's file is refused unless it is whole and fits; what cannot be done is never chosen."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.agent_support import make_agent

from vectra_player.errors import DamageError, UsageError
from vectra_player.rl import agent as agents
from vectra_player.rl.agent import Layer, Policy, blocks, read_agent, write_agent
from vectra_player.rl.features import NAMES


@pytest.mark.parametrize("env", ["sidebet", "trading"])
def test_an_agent_is_read_as_it_was_written(env: Any, tmp_path: Path) -> None:
    agent = make_agent(env)
    sha256 = write_agent(agent, tmp_path / "one.agent")
    assert read_agent(tmp_path / "one.agent", sha256) == agent
    assert [path.name for path in tmp_path.iterdir()] == ["one.agent"]


def test_the_same_agent_gives_the_same_file(tmp_path: Path) -> None:
    write_agent(make_agent(), tmp_path / "one.agent")
    write_agent(make_agent(), tmp_path / "two.agent")
    assert (tmp_path / "one.agent").read_bytes() == (tmp_path / "two.agent").read_bytes()


def test_a_changed_byte_anywhere_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "one.agent"
    write_agent(make_agent(width=1), path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises((DamageError, UsageError)):
            read_agent(path)


@pytest.mark.parametrize("left", [0, 1, 100, -1])
def test_a_part_of_a_file_is_refused(left: int, tmp_path: Path) -> None:
    path = tmp_path / "one.agent"
    write_agent(make_agent(), path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(UsageError, match="no agent's file, or only a part"):
        read_agent(path)


def test_another_agent_than_the_one_meant_is_refused(tmp_path: Path) -> None:
    meant = write_agent(make_agent(seed=1), tmp_path / "one.agent")
    write_agent(make_agent(seed=2), tmp_path / "one.agent")
    with pytest.raises(UsageError, match="another agent than its strategy names"):
        read_agent(tmp_path / "one.agent", meant)


def test_a_file_that_is_not_there_or_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_agent(tmp_path / "none.agent")
    write_agent(make_agent(), tmp_path / "one.agent")
    monkeypatch.setattr(agents, "MOST_BYTES", 100)
    with pytest.raises(UsageError, match="too large"):
        read_agent(tmp_path / "one.agent")


def test_a_later_format_is_refused_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr(agents, "FORMAT", 2)
        write_agent(make_agent(), tmp_path / "one.agent")
    with pytest.raises(UsageError, match=r"has format 2; this version reads 1\. Use the version"):
        read_agent(tmp_path / "one.agent")


def wrong_layers() -> dict[str, tuple[Layer, ...]]:
    first, last = make_agent().layers
    return {
        "no layers": (),
        "too few inputs": (Layer.of(np.ones((19, 8)), np.ones(8)), last),
        "do not chain": (first, Layer.of(np.ones((9, 4)), np.ones(4))),
        "too many actions": (first, Layer.of(np.ones((8, 5)), np.ones(5))),
        "a byte short": (first, msgspec.structs.replace(last, weights=last.weights[:-1])),
        "says another shape": (first, msgspec.structs.replace(last, inputs=4, outputs=8)),
        "below none": (first, msgspec.structs.replace(last, inputs=-8, outputs=-4)),
        "no number": (first, Layer.of(np.full((8, 4), np.nan), np.ones(4))),
        "without end": (Layer.of(np.full((20, 8), np.inf), np.ones(8)), last),
    }


@pytest.mark.parametrize("case", sorted(wrong_layers()))
def test_a_network_that_does_not_fit_is_refused(case: str, tmp_path: Path) -> None:
    write_agent(make_agent(layers=wrong_layers()[case]), tmp_path / "one.agent")
    with pytest.raises(UsageError, match=r"cannot play here: its network|do not fit"):
        read_agent(tmp_path / "one.agent")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"feature_version": 2}, "observations of version 2, and these are of version 1"),
        ({"features": NAMES[:19]}, "its 19 features are not those of vectra/Sidebet-v1"),
        ({"features": (*NAMES[1:20], NAMES[0])}, "its 20 features are not those"),
        ({"actions": ("nothing", "bet")}, "its 2 actions are not those of vectra/Sidebet-v1"),
        ({"stakes": (Decimal(7),)}, "its stakes are impossible"),
        ({"stakes": (Decimal("0.03"),)}, "actions are not those"),
        ({"env": "trading"}, "its 20 features are not those of vectra/Trading-v1"),
    ],
)
def test_other_observations_or_actions_are_refused(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    agent = msgspec.structs.replace(make_agent(), **changes)
    write_agent(agent, tmp_path / "one.agent")
    with pytest.raises(UsageError, match=re.escape(said)) as refused:
        read_agent(tmp_path / "one.agent")
    assert refused.value.advice == "Train an agent anew."


def test_an_unknown_environment_is_refused(tmp_path: Path) -> None:
    odd = msgspec.structs.replace(make_agent(), env="roulette")  # type: ignore[arg-type]
    write_agent(odd, tmp_path / "one.agent")
    with pytest.raises(UsageError, match=r"no agent that can be used: Invalid enum value"):
        read_agent(tmp_path / "one.agent")


# What cannot be done ---------------------------------------------------------------------------


def seen(env: Any, **features: float) -> Any:
    names = make_agent(env).features
    row = np.zeros(len(names), np.float32)
    for name, value in features.items():
        row[names.index(name)] = value
    return row


CASES = [
    ("sidebet", {}, {"nothing", "sidebet"}),
    ("sidebet", {"presale": 1}, {"nothing", "sidebet"}),
    ("sidebet", {"bet": 1}, {"nothing"}),
    ("sidebet", {"bet_under_way": 1}, {"nothing"}),
    ("sidebet", {"bet": 1, "bet_under_way": 1}, {"nothing"}),
    ("trading", {}, {"nothing", "buy", "sidebet"}),
    ("trading", {"holding": 1}, {"nothing", "buy", "sell", "sidebet"}),
    ("trading", {"holding": 1, "presale": 1}, {"nothing", "buy", "sidebet"}),
    ("trading", {"holding": 1, "trade_under_way": 1}, {"nothing", "sidebet"}),
    ("trading", {"trade_under_way": 1, "bet": 1}, {"nothing"}),
]


@pytest.mark.parametrize(("env", "features", "possible"), CASES)
def test_what_would_be_refused_is_left_out(
    env: Any, features: dict[str, float], possible: set[str]
) -> None:
    agent = make_agent(env)
    blocking, offset = blocks(agent.table())
    forbidden = seen(env, **features) @ blocking + offset > 0.5
    left = {name.split()[0] for name, no in zip(agent.actions, forbidden, strict=True) if not no}
    assert left == possible


@pytest.mark.parametrize(("env", "features", "possible"), CASES)
def test_an_agent_that_wants_it_all_the_same_does_something_else(
    env: Any, features: dict[str, float], possible: set[str]
) -> None:
    agent = make_agent(env)
    width = agent.layers[0].outputs
    for wish in range(len(agent.actions)):
        scores = np.zeros(len(agent.actions))
        scores[wish] = 1e6
        wanting = Layer.of(np.zeros((width, len(scores))), scores)
        policy = Policy(msgspec.structs.replace(agent, layers=(agent.layers[0], wanting)))
        chosen = agent.actions[policy.best(seen(env, **features))].split()[0]
        wished = agent.actions[wish].split()[0]
        assert chosen == (wished if wished in possible else chosen)
        assert chosen in possible
