"""`/profiles`: strategy profiles listed, made, checked, compared, brought in, fetched and run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from flask import Response
from msgspec import Meta

from vectra_player.analysis.wording import signed_percent
from vectra_player.dashboard.data import simulations
from vectra_player.dashboard.data.profile_form import form
from vectra_player.dashboard.data.profiles import (
    Checked,
    Compared,
    ImportedFile,
    ProfileData,
    ProfileLine,
    Profiles,
    Removed,
    simulates,
)
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.jobs import Job
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.params import Nothing, WrongParametersError
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE
from vectra_player.strategy.loading import BUILT_IN
from vectra_player.strategy.profile import Profile
from vectra_player.web.openapi import Endpoint

if TYPE_CHECKING:
    from vectra_player.dashboard.services import Services

SIMULATION = "profile-simulation"

Name = Annotated[str, Meta(max_length=64, description="the name of a profile or preset")]
Text = Annotated[str, Meta(max_length=60_000, description="the text of a profile's file")]


class CompareWanted(msgspec.Struct, frozen=True):
    """Two profiles."""

    left: Name = ""
    right: Name = ""


class CheckOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that is to be a profile. `editing`: the profile it will replace."""

    text: Text
    editing: Name | None = None


class ProfileOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A profile to keep. `version`: of the text of `editing` as it was read."""

    text: Text
    editing: Name | None = None
    version: Annotated[str, Meta(max_length=64)] | None = None


class CopyOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name of the new profile."""

    name: Annotated[str, Meta(max_length=200)]


class ImportOneOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in our format or one of the earlier system's, and the name of its file.

    `replace` the profile that has its name, or `rename` it.
    """

    file: Annotated[str, Meta(max_length=255)]
    text: Text
    replace: bool = False
    rename: Annotated[str, Meta(max_length=200)] | None = None


class SimulateOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which profiles to simulate over which games."""

    names: Annotated[list[Name], Meta(min_length=1, max_length=100)]
    games: Literal["generated", "real", "demo"] = "generated"
    runs: Annotated[int, Meta(ge=100, le=200_000)] = 10_000
    games_per_run: Annotated[int, Meta(ge=1, le=20_000)] = 500
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 1


class ProfilesRoutes:
    """Pages and JSON of strategy profiles."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._data = Profiles(services.data_dir)

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/profiles", self.profiles_page, "Strategy profiles."),
            Endpoint("GET", "/profiles/{name}/download", self.download_profile,
                     "The file of a profile.", media="application/json"),
            Endpoint("GET", "/api/profiles", self.profiles, "Profiles, then presets.",
                     list[ProfileLine]),
            Endpoint("POST", "/api/profiles", self.save_profile, "Keep a profile.", ProfileData,
                     ProfileOrder),
            Endpoint("GET", "/api/profiles/{name}", self.profile, "One profile.", ProfileData),
            Endpoint("GET", "/api/profiles/{name}/simulation", self.simulation,
                     "The last simulation of a profile.", simulations.Kept),
            Endpoint("POST", "/api/profiles/{name}/copy", self.copy_profile,
                     "Make a profile of another.", ProfileData, CopyOrder),
            Endpoint("POST", "/api/profiles/{name}/delete", self.delete_profile,
                     "Remove a profile.", Removed, Nothing),
            Endpoint("GET", "/api/profile-defaults", self.profile_defaults,
                     "A profile of which nothing is set.", dict[str, Any]),
            Endpoint("POST", "/api/profile-check", self.check_profile,
                     "Say what is wrong with a text that is to be a profile.", Checked,
                     CheckOrder),
            Endpoint("POST", "/api/profile-imports", self.import_profile,
                     "Bring in a profile of this or the earlier system.", ImportedFile,
                     ImportOneOrder),
            Endpoint("POST", "/api/profile-simulations", self.simulate_profiles,
                     "Simulate profiles.", Job, SimulateOrder),
            Endpoint("GET", "/api/profile-differences", self.compare_profiles,
                     "The fields in which two profiles differ.", Compared, params=CompareWanted),
        ]  # fmt: skip

    def profiles_page(self) -> Response:
        """Show the page."""
        fair = signed_percent(FAIR_EXPECTED_VALUE)
        return page("profiles.html", form=form(), fair=fair, strategies=tuple(BUILT_IN))

    def download_profile(self, name: str) -> Response:
        """Send the file of a profile."""
        text = self._data.text(name)
        headers = {"Content-Disposition": f'attachment; filename="{name}.json"'}
        return Response(text, mimetype="application/json", headers=headers)

    def profiles(self) -> list[ProfileLine]:
        """List profiles."""
        return self._data.lines()

    def profile(self, name: str) -> ProfileData:
        """Return one profile."""
        return self._data.read(name)

    def simulation(self, name: str) -> simulations.Kept:
        """Return the last simulation."""
        kept = simulations.last_kept(self._services.data_dir, self._data.find(name)[1])
        if kept is None:
            raise MissingError(
                f"{name} was not simulated with the parameters it has now.", advice="Simulate it."
            )
        return kept

    def save_profile(self, body: ProfileOrder) -> ProfileData:
        """Keep a profile."""
        return self._data.read(self._data.save(body.text, body.editing, body.version).name)

    def copy_profile(self, name: str, body: CopyOrder) -> ProfileData:
        """Make a profile of another."""
        return self._data.read(self._data.copy(name, body.name).name)

    def delete_profile(self, name: str, body: Nothing) -> Removed:
        """Remove a profile."""
        return self._data.delete(name)

    def profile_defaults(self) -> dict[str, Any]:
        """Return what a new profile begins with."""
        return Profile(name="new").model_dump(mode="json")

    def check_profile(self, body: CheckOrder) -> Checked:
        """Check a text."""
        return self._data.check(body.text, body.editing)

    def import_profile(self, body: ImportOneOrder) -> ImportedFile:
        """Bring in a text."""
        return self._data.import_text(
            body.file, body.text, replace=body.replace, rename=body.rename
        )

    def compare_profiles(self, params: CompareWanted) -> Compared:
        """Compare two profiles."""
        return self._data.compare(params.left, params.right)

    def simulate_profiles(self, body: SimulateOrder) -> Job:
        """Queue a simulation."""
        names = list(dict.fromkeys(body.names))
        for name in names:
            if not simulates(self._data.find(name)[1]):
                raise WrongParametersError(
                    {"names": f"{name} plays another strategy than sidebets: backtest it."}
                )
        title = names[0] if len(names) == 1 else f"{len(names)} profiles"
        order = {**msgspec.structs.asdict(body), "names": names}
        return self._services.jobs.add(SIMULATION, f"Simulation of {title}", order)
