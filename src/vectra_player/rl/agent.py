"""A trained agent: a small network as plain numbers, and the file it lies in.

Reads, writes and decides with numpy alone; what trained it is not needed. The file holds no code:
it is MessagePack of `_Sealed`, whose `body` is MessagePack of `Agent`, weights as little-endian
float32. Reading one checks its SHA-256 and that it fits the observations and actions of today.
Used by training, by `agent_strategy` and by the evaluation.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.errors import DamageError, UsageError
from vectra_player.rl.actions import ActionTable, EnvName, table_of
from vectra_player.rl.features import FEATURE_VERSION, NAMES, Observer
from vectra_player.rl.kernels import BET, BUY, SELL
from vectra_player.rl.registration import ENV_IDS
from vectra_player.rl.rounds import Setting
from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.strategy.sizing import from_lamports

FORMAT: Final = 1
SUFFIX: Final = ".agent"
MOST_BYTES: Final = 64 << 20
"""A file above this is refused; one with two layers of 64 has 25 KB."""

FORBIDDEN: Final = 1e9
"""Taken off the score of an action that cannot be carried out."""

_BLOCKED_BY: Final = {
    BUY: ("trade_under_way",),
    SELL: ("trade_under_way", "presale"),
    BET: ("bet", "bet_under_way"),
}

Numbers = npt.NDArray[np.float64]


class Layer(msgspec.Struct, frozen=True):
    """One layer: outputs = inputs @ weights + biases. Both are little-endian float32.

    weights: inputs x outputs numbers, row by row. biases: one an output.
    """

    inputs: int
    outputs: int
    weights: bytes
    biases: bytes

    @classmethod
    def of(cls, weights: npt.ArrayLike, biases: npt.ArrayLike) -> Layer:
        """Take weights (inputs, outputs) and biases (outputs,)."""
        table = np.asarray(weights, "<f4")
        inputs, outputs = table.shape
        return cls(inputs, outputs, table.tobytes(), np.asarray(biases, "<f4").tobytes())

    def arrays(self) -> tuple[Numbers, Numbers]:
        """Return weights (inputs, outputs) and biases (outputs,) as float64."""
        table = np.frombuffer(self.weights, "<f4").reshape(self.inputs, self.outputs)
        return table.astype(np.float64), np.frombuffer(self.biases, "<f4").astype(np.float64)


class Lesson(msgspec.Struct, frozen=True):
    """A stretch of training: steps so far, games ended in it, their mean reward, share bet in."""

    steps: int
    games: int
    mean_reward: float
    entered: float


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent was trained: all that is needed to train it again."""

    seed: int
    steps: int
    source: str
    settings: dict[str, Any]
    versions: dict[str, str]
    lessons: tuple[Lesson, ...]


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """A trained agent. stakes: SOL, what its environment lets it stake, smallest first.

    layers: tanh lies between them; the last one's outputs are the scores of the actions.
    """

    env: EnvName
    stakes: tuple[Decimal, ...]
    feature_version: int
    features: tuple[str, ...]
    actions: tuple[str, ...]
    layers: tuple[Layer, ...]
    training: Training

    @property
    def env_id(self) -> str:
        """Return the id of the environment it was trained in."""
        return ENV_IDS[self.env]

    def table(self) -> ActionTable:
        """Return what its outputs stand for."""
        return table_of(self.env, self.stakes)

    def observer(self) -> Observer:
        """Return what makes the observations it was trained on."""
        return Observer(len(self.features), self.table().unit)


class _Sealed(msgspec.Struct, frozen=True):
    """The file. `sha256` is that of `body`, in hexadecimal."""

    format: int
    sha256: str
    body: bytes


class Policy:
    """Decides as an agent does, among the actions that can be done."""

    def __init__(self, agent: Agent) -> None:
        self._layers = [layer.arrays() for layer in agent.layers]
        self._blocks, self._offset = blocks(agent.table())

    def best(self, observation: npt.NDArray[np.float32]) -> int:
        """Return the number of the action with the highest score. observation: (n_features,)."""
        return int(np.argmax(self._scores(observation)))

    def draw(self, observation: npt.NDArray[np.float32], random: np.random.Generator) -> int:
        """Return the number of an action drawn by its score, as it was drawn in training."""
        scores = self._scores(observation)
        weights = np.exp(scores - scores.max())
        return int(np.searchsorted(np.cumsum(weights), random.random() * weights.sum(), "right"))

    def _scores(self, observation: npt.NDArray[np.float32]) -> Numbers:
        values = observation.astype(np.float64)
        forbidden = values @ self._blocks + self._offset > 0.5
        for weights, biases in self._layers[:-1]:
            values = np.tanh(values @ weights + biases)
        weights, biases = self._layers[-1]
        scores: Numbers = values @ weights + biases - FORBIDDEN * forbidden
        return scores


def features_of(table: ActionTable) -> tuple[str, ...]:
    """Return the names of what is seen where these are the actions."""
    return NAMES[: Setting(table).n_features]


def stakes_of(table: ActionTable) -> tuple[Decimal, ...]:
    """Return the stakes in SOL that a table was made with."""
    rows = zip(table.kinds, table.values, strict=True)
    return tuple(from_lamports(value) for kind, value in rows if kind == BET)


def blocks(table: ActionTable) -> tuple[Numbers, Numbers]:
    """Return which features forbid which action, as (n_features, n_actions) and (n_actions,).

    observation @ first + second is above 0 for an action that would be refused: a sidebet while
    one is open or under way, a sale of nothing, a trade while one is under way. Training and play
    both leave such actions out; what is left to be refused is an amount above the cash.
    """
    names = features_of(table)
    found = np.zeros((len(names), len(table)))
    offset = np.zeros(len(table))
    for number, kind in enumerate(table.kinds):
        for name in _BLOCKED_BY.get(kind, ()):
            found[names.index(name), number] = 1.0
        if kind == SELL:
            found[names.index("holding"), number] = -1.0
            offset[number] = 1.0
    return found, offset


def write_agent(agent: Agent, path: Path) -> str:
    """Write an agent, whole or not at all, and return the SHA-256 that its file names.

    Raises UsageError where the file cannot be written.
    """
    body = msgspec.msgpack.encode(agent)
    sealed = _Sealed(FORMAT, hashlib.sha256(body).hexdigest(), body)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(FileOps(), path, msgspec.msgpack.encode(sealed))
    except OSError as error:
        raise UsageError(f"{path} could not be written: {error.strerror}.") from error
    return sealed.sha256


def read_agent(path: Path, sha256: str | None = None) -> Agent:
    """Read an agent and check that it can play here; with `sha256`, that it is the one meant.

    Raises UsageError for no agent's file, another agent, or one of other observations or actions;
    DamageError for a file that is not what was written.
    """
    sealed = _unpacked(path)
    found = hashlib.sha256(sealed.body).hexdigest()
    if found != sealed.sha256:
        raise DamageError(f"{path} is damaged.", advice="Take it from a backup, or train anew.")
    if sha256 is not None and found != sha256:
        raise UsageError(
            f"{path} is another agent than its strategy names: {found[:12]}, not {sha256[:12]}.",
            advice="Train it anew, or put the agent back that belongs to the strategy.",
        )
    try:
        agent = msgspec.msgpack.decode(sealed.body, type=Agent)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no agent that can be used: {error}.") from None
    if (problem := _problem(agent)) is not None:
        raise UsageError(f"{path} cannot play here: {problem}.", advice="Train an agent anew.")
    return agent


def sha256_of(path: Path) -> str:
    """Return the SHA-256 that an agent's file names. Raises UsageError as `read_agent`."""
    return _unpacked(path).sha256


def _unpacked(path: Path) -> _Sealed:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise UsageError(f"{path} is too large to be an agent.")
    try:
        sealed = msgspec.msgpack.decode(data, type=_Sealed)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UsageError(
            f"{path} is no agent's file, or only a part of one.",
            advice="`examples/train_ppo.py` makes one.",
        ) from None
    if sealed.format != FORMAT:
        raise UsageError(
            f"{path} has format {sealed.format}; this version reads {FORMAT}.",
            advice="Use the version it was trained with, or train an agent anew.",
        )
    return sealed


def _problem(agent: Agent) -> str | None:
    """Say why an agent does not fit the observations and actions of today; None where it does."""
    if agent.feature_version != FEATURE_VERSION:
        return (
            f"it was trained on observations of version {agent.feature_version}, "
            f"and these are of version {FEATURE_VERSION}"
        )
    try:
        table = agent.table()
    except UsageError as error:
        return f"its stakes are impossible: {error.message}"
    if agent.features != features_of(table):
        return f"its {len(agent.features)} features are not those of {agent.env_id}"
    if agent.actions != table.names:
        return f"its {len(agent.actions)} actions are not those of {agent.env_id}"
    widths = [len(agent.features), *(layer.outputs for layer in agent.layers)]
    if not agent.layers or widths[-1] != len(table):
        return f"its network does not end in the {len(table)} actions"
    pairs = zip(agent.layers, widths, strict=False)
    return next((told for told in (_layer_problem(*pair) for pair in pairs) if told), None)


def _layer_problem(layer: Layer, inputs: int) -> str | None:
    sizes = (4 * inputs * layer.outputs, 4 * layer.outputs)
    if layer.inputs != inputs or (len(layer.weights), len(layer.biases)) != sizes:
        return "the layers of its network do not fit each other"
    if not all(np.isfinite(numbers).all() for numbers in layer.arrays()):
        return "its network holds numbers that are none"
    return None
