"""The form has every field of a profile, and says truly which of them a mode reads."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.strategy.test_profile import make_profile

from vectra_player.analysis.monte_carlo import Plan, coin_pool, play
from vectra_player.dashboard.data.profile_form import READ_BY, WORDS, FormField, form
from vectra_player.strategy.profile import Profile, changed

FIELDS = {field.path: field for part in form() for field in part.fields}
MODES = FIELDS["scaling.mode"].options
CHANGED = {
    "scaling.kelly_fraction": 0.9,
    "scaling.win_rate_assumption": 0.5,
    "scaling.win_streak_multiplier": 3.0,
    "scaling.loss_streak_multiplier": 3.0,
    "scaling.max_streak_multiplier": 9.0,
    "scaling.theta_base": 0.9,
    "scaling.theta_max": 5.0,
}
"""Values that differ from those of `profile_of` where they are read."""


def profile_of(mode: str, assumed: float) -> Profile:
    changes = {
        "execution.num_bets": 3,
        "execution.bet_sizes": [0.01] * 3,
        "execution.initial_balance": 10.0,
        "scaling.mode": mode,
        "scaling.win_rate_assumption": assumed,
    }
    return changed(make_profile(), changes)


def staked(profile: Profile) -> list[float]:
    """Return what a few hundred runs of a coin that wins often stake."""
    facts, _, _ = play(profile, coin_pool(0.35), Plan(runs=200, games=60), threads=1)
    return [float(total) for total in np.sort(facts, axis=0).sum(axis=1)]


def test_every_field_of_the_parts_is_in_the_form() -> None:
    dumped = Profile(name="any").model_dump(mode="json")
    parts = ("execution", "scaling", "risk_controls")
    assert list(FIELDS) == [f"{part}.{name}" for part in parts for name in dumped[part]]
    assert set(WORDS) == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.path)
def test_a_field_shows_what_a_new_profile_has(field: FormField) -> None:
    part, name = field.path.split(".")
    assert field.default == Profile(name="any").model_dump(mode="json")[part][name]
    assert field.limits or field.kind in ("choice", "check")
    assert field.optional == (field.default is None)


@pytest.mark.parametrize("mode", MODES)
def test_a_field_that_a_mode_reads_changes_its_stakes_and_no_other_does(mode: str) -> None:
    # Below break-even Kelly stakes nothing; above it Kelly outbids all that theta makes of a size.
    bases = [(base, staked(base)) for base in (profile_of(mode, 0.19), profile_of(mode, 0.4))]
    for path, value in CHANGED.items():
        differs = any(staked(changed(base, {path: value})) != before for base, before in bases)
        assert differs == (mode in READ_BY[path]), path
    assert set(READ_BY) == set(CHANGED)
