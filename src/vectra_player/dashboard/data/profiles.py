"""Strategy profiles as the page shows, checks, keeps and compares them.

Rules and messages are those of `strategy.profile` and `analysis.profiles`, as for the commands.
Names come from a browser: only stored names and presets are looked up, never a path.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from vectra_player.analysis.presets import PRESETS
from vectra_player.analysis.profiles import Difference, ProfileStore, differences
from vectra_player.analysis.results import Head, heads
from vectra_player.analysis.wording import UNKNOWN, known, percent
from vectra_player.dashboard.data.simulations import Found, last_found
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.errors import UsageError
from vectra_player.store.layout import DataDir
from vectra_player.strategy.profile import (
    DEFAULT_STRATEGY,
    MonteCarloMetrics,
    Profile,
    ProfileError,
    parse_profile,
    remarks,
)

Kind = Literal["profile", "preset"]
METRICS = "monte_carlo_metrics"
TAKEN = "there is a profile of this name already"


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What the last simulation found, in words; `made_at` in milliseconds UTC.

    cells: by the headings of `simulate --compare`. origin: a simulation of this page, or the
    figures in the profile's file. basis: what it rests on, in words.
    """

    cells: dict[str, str]
    origin: Literal["simulation", "file"]
    basis: str
    made_at: int | None


class LastRun(msgspec.Struct, frozen=True):
    """The last backtest of a profile; `made_at` as its manifest has it, UTC."""

    run_id: str
    headline: str
    made_at: str


class ProfileLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list. `problems`: why a stored file cannot be used."""

    name: str
    kind: Kind
    valid: bool
    problems: tuple[str, ...] = ()
    source: str = ""
    strategy: str = ""
    mode: str = ""
    entry_tick: int | None = None
    num_bets: int | None = None
    balance: float | None = None
    metrics: Metrics | None = None
    backtest: LastRun | None = None


class ProfileData(msgspec.Struct, frozen=True, kw_only=True):
    """One profile. `text`: its file; `version`: to tell later whether that was changed."""

    line: ProfileLine
    text: str
    version: str
    profile: dict[str, Any] | None
    remarks: tuple[str, ...]
    backtests: list[LastRun]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a text that is to be a profile, by field; what to know of it if nothing.

    profile: as it would be kept. `taken`: another profile has this name.
    """

    valid: bool
    fields: dict[str, str]
    remarks: tuple[str, ...] = ()
    profile: dict[str, Any] | None = None
    taken: bool = False


class ImportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one text. `taken`: nothing was written, because this name has a profile."""

    file: str
    outcome: Literal["imported", "unchanged", "refused"]
    name: str | None
    notes: tuple[str, ...]
    taken: str | None


class Compared(msgspec.Struct, frozen=True):
    """Two profiles and the fields in which they differ."""

    left: str
    right: str
    differences: list[Difference]


class Removed(msgspec.Struct, frozen=True):
    """A profile that was removed, and its text: an import of it undoes that."""

    name: str
    text: str


class Profiles:
    """The profiles of one data directory, and what is known of each."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._store = ProfileStore(data_dir)

    def lines(self) -> list[ProfileLine]:
        """List the stored profiles, then the presets, as `profiles list` does."""
        runs = self._last_runs()
        own = self._store.all()
        taken = {one.name for one in own}
        lines = [
            self._line("profile", one.profile, runs)
            if one.profile is not None
            else ProfileLine(name=one.name, kind="profile", valid=False, problems=one.problems)
            for one in own
        ]
        presets = (one for one in PRESETS.values() if one.name not in taken)
        return [*lines, *(self._line("preset", one, runs) for one in presets)]

    def read(self, name: str) -> ProfileData:
        """Return one profile; one whose file is wrong has its text and problems."""
        runs = self._runs_of(name)
        text = self.text(name)
        try:
            kind, profile = self.find(name)
        except ProfileError as error:
            line = ProfileLine(name=name, kind="profile", valid=False, problems=error.problems)
            return ProfileData(
                line=line, text=text, version=version_of(text), profile=None, remarks=(),
                backtests=runs,
            )  # fmt: skip
        return ProfileData(
            line=self._line(kind, profile, {name: runs[0]} if runs else {}),
            text=text,
            version=version_of(text),
            profile=profile.model_dump(mode="json"),
            remarks=remarks(profile),
            backtests=runs,
        )

    def find(self, name: str) -> tuple[Kind, Profile]:
        """Return a stored profile, else the preset. Raises MissingError, ProfileError."""
        if name in self._store.names():
            return "profile", self._store.load(name)
        if name in PRESETS:
            return "preset", PRESETS[name]
        raise MissingError(f"There is no profile {name!r}.", advice="Choose one of the list.")

    def text(self, name: str) -> str:
        """Return the text of a profile's file, whatever it holds. Raises MissingError."""
        if name in self._store.names():
            try:
                return self._store.path_of(name).read_bytes().decode("utf-8", "replace")
            except OSError as error:
                raise UsageError(f"The file of {name} cannot be read: {error.strerror}.") from None
        return self.find(name)[1].to_json()

    def check(self, text: str, editing: str | None = None) -> Checked:
        """Say what is wrong with a text; `editing`: the profile that it will replace."""
        try:
            profile = parse_profile(text)
        except ProfileError as error:
            return Checked(valid=False, fields=error.fields)
        taken = profile.name != editing and profile.name in self._store.names()
        fields = {"name": TAKEN} if taken else {}
        return Checked(
            valid=not fields,
            fields=fields,
            remarks=remarks(profile),
            profile=profile.model_dump(mode="json"),
            taken=taken,
        )

    def save(self, text: str, editing: str | None = None, version: str | None = None) -> Profile:
        """Keep a profile: a new one, or `editing`, whose text still has to be that of `version`.

        Figures of a simulation stay only while the parameters they belong to do.

        Raises:
            WrongParametersError: fields are wrong, or the name is taken.
            UsageError: the stored profile was changed meanwhile.
        """
        checked = self.check(text, editing)
        if not checked.valid:
            raise WrongParametersError(checked.fields)
        profile = parse_profile(text)
        if profile.created is None:
            profile = self._store.created(profile)
        with self._store.alone():
            replaces = profile.name == editing and editing in self._store.names()
            before = self._before(editing, version) if replaces and editing else None
            same = before is not None and _parameters(before) == _parameters(profile)
            figures = before.monte_carlo_metrics if before is not None and same else None
            profile = profile.model_copy(update={METRICS: figures})
            self._store.save(profile, replace=replaces)
        return profile

    def copy(self, name: str, new_name: str) -> Profile:
        """Make a new profile of another. Raises WrongParametersError where the name cannot be."""
        base = self.find(name)[1]
        if new_name in self._store.names():
            raise WrongParametersError({"name": TAKEN})
        try:
            profile = self._store.based_on(base, new_name)
        except UsageError as error:
            raise WrongParametersError({"name": error.message}) from None
        self._store.save(profile)
        return profile

    def delete(self, name: str) -> Removed:
        """Remove a stored profile. Raises MissingError."""
        if name not in self._store.names():
            raise MissingError(f"There is no profile {name!r} here.", advice="Choose another.")
        text = self.text(name)
        self._store.delete(name)
        return Removed(name, text)

    def import_text(
        self, file: str, text: str, *, replace: bool = False, rename: str | None = None
    ) -> ImportedFile:
        """Bring in one text of our format or of the earlier system's two."""
        done = self._store.import_text(text, file, replace=replace, rename=rename)
        notes = () if done.taken else done.notes
        return ImportedFile(
            file=file, outcome=done.outcome, name=done.name, notes=notes, taken=done.taken
        )

    def compare(self, left: str, right: str) -> Compared:
        """List the fields in which two profiles differ."""
        return Compared(left, right, differences(self.find(left)[1], self.find(right)[1]))

    def _before(self, editing: str, version: str | None) -> Profile | None:
        if version_of(self.text(editing)) != version:
            raise UsageError(
                f"{editing} was changed elsewhere meanwhile; nothing was written.",
                advice="Load it again, or save this under another name.",
            )
        try:
            return self._store.load(editing)
        except UsageError:
            return None  # its file was wrong: this mends it

    def _line(self, kind: Kind, profile: Profile, runs: dict[str, LastRun]) -> ProfileLine:
        execution = profile.execution
        return ProfileLine(
            name=profile.name,
            kind=kind,
            valid=True,
            source=profile.source,
            strategy=profile.strategy,
            mode=profile.scaling.mode,
            entry_tick=execution.entry_tick,
            num_bets=execution.num_bets,
            balance=float(execution.initial_balance),
            metrics=self._metrics(profile),
            backtest=runs.get(profile.name),
        )

    def _metrics(self, profile: Profile) -> Metrics | None:
        """Return the newer of the kept simulation and the figures in the file."""
        found, filed = last_found(self._data_dir, profile), profile.monte_carlo_metrics
        filed_at = _millis(filed.computed_at) if filed is not None else None
        if found is not None and (filed_at is None or found.made_at >= filed_at):
            return _of_simulation(found)
        return None if filed is None else _of_file(filed, filed_at)

    def _runs_of(self, name: str) -> list[LastRun]:
        kept = heads(DataDir(self._data_dir).results)
        return [_run(head) for head in kept if _is_backtest(head) and head.strategy == name]

    def _last_runs(self) -> dict[str, LastRun]:
        runs: dict[str, LastRun] = {}
        for head in heads(DataDir(self._data_dir).results):
            if _is_backtest(head):
                runs.setdefault(head.strategy, _run(head))
        return runs


def version_of(text: str) -> str:
    """Return what tells one text from another; figures of a simulation do not count."""
    try:
        told = _parameters(parse_profile(text))
    except ProfileError:
        told = text
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def simulates(profile: Profile) -> bool:
    """Tell whether the simulation can play it: only sidebets of a profile are simulated."""
    return profile.strategy == DEFAULT_STRATEGY


def _parameters(profile: Profile) -> str:
    dumped = profile.model_dump(mode="json", exclude={METRICS, "created"})
    return json.dumps(dumped, sort_keys=True)


def _is_backtest(head: Head) -> bool:
    return head.manifest.kind == "backtest"


def _run(head: Head) -> LastRun:
    return LastRun(head.run_id, head.headline, head.manifest.made_at)


def _of_simulation(found: Found) -> Metrics:
    games = f"{found.pool_games:,} recorded" if found.pool == "recorded" else found.pool
    return Metrics(
        cells=found.cells,
        origin="simulation",
        basis=(
            f"{found.runs:,} runs of {found.games:,} games each, {games}, seed {found.seed}; "
            f"95 % interval of the chance of a profit: {found.profit_interval}"
        ),
        made_at=found.made_at,
    )


def _of_file(filed: MonteCarloMetrics, made_at: int | None) -> Metrics:
    runs = UNKNOWN if filed.iterations is None else f"{filed.iterations:,}"
    assumed = filed.win_rate_assumption
    median = filed.median_final_bankroll
    return Metrics(
        cells={
            "profit": known(filed.probability_profit, percent),
            "doubled": known(filed.probability_2x, percent),
            "ruined": UNKNOWN,
            "median SOL": UNKNOWN if median is None else f"{median:,.4f}",
            "of stakes": UNKNOWN,
            "drawdown": known(filed.mean_max_drawdown, percent),
            "VaR 95 %": known(filed.var_95, percent),
            "risk": filed.risk_level or UNKNOWN,
        },
        origin="file",
        basis=f"the figures in its file: {runs} runs"
        + ("" if assumed is None else f", with an assumed win rate of {percent(assumed)}"),
        made_at=made_at,
    )


def _millis(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    known_zone = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(known_zone.timestamp() * 1000)
