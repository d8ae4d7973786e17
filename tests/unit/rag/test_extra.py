"""Without the packages of the index nothing breaks but the index, which says what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vectra_player import extras
from vectra_player.errors import DamageError, UsageError
from vectra_player.rag import embedder, extra
from vectra_player.rag.embedder import OnnxEmbedder, checked


@pytest.mark.parametrize("name", extra.PACKAGES)
def test_a_missing_package_is_named_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    there = extras.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda one: None if one == name else there(one))
    with pytest.raises(UsageError) as refused:
        extra.needed(*extra.PACKAGES)
    assert name in refused.value.message
    assert "-m pip install --require-hashes -r" in refused.value.advice
    assert refused.value.advice.endswith("requirements/rag.txt")


def test_weights_that_are_not_those_that_were_checked_are_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(embedder, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(DamageError, match="not the model"):
        OnnxEmbedder().embed(["x"])
    with pytest.raises(DamageError, match="cannot be read"):
        checked(embedder.VOCABULARY.with_name("nothing"), embedder.VOCABULARY_SHA256)


def test_commands_that_need_no_index_load_none_of_its_packages() -> None:
    code = (
        "import sys; from vectra_player.cli import app; import vectra_player.rag.status;"
        "import vectra_player.rag.retrieve;"
        f"print([name for name in {(*extra.PACKAGES, 'torch', 'duckdb')!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.strip()
    assert not any(name in loaded for name in (*extra.PACKAGES, "torch")), loaded
