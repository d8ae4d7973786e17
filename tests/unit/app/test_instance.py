from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from vectra_player.app.instance import (
    Instance,
    cookie_instance,
    read_instance,
    remove_instance,
    write_instance,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir(mode=0o700)
    return tmp_path


def write(root: Path, token: str = "t") -> Instance:
    return write_instance(root, token, feed=9000, monitor=9001, dashboard=None, now_us=1)


def test_the_file_has_the_fields_of_the_contract_and_is_private(root: Path) -> None:
    write(root)
    path = root / "run" / "instance.json"
    told = json.loads(path.read_text("utf-8"))
    assert list(told) == ["pid", "token", "feed", "monitor", "dashboard", "started_at"]
    assert (told["pid"], told["feed"], told["monitor"]) == (os.getpid(), 9000, 9001)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in (root / "run").iterdir()] == ["instance.json"]


def test_a_stale_file_is_replaced_even_if_others_could_read_it(root: Path) -> None:
    path = root / "run" / "instance.json"
    path.write_text("{", "utf-8")
    path.chmod(0o644)
    write(root)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_instance(root) is not None


def test_a_link_in_its_place_is_replaced_and_not_followed(root: Path) -> None:
    goal = root / "goal"
    goal.write_text("mine", "utf-8")
    (root / "run" / "instance.json").symlink_to(goal)
    write(root)
    assert goal.read_text("utf-8") == "mine"
    assert not (root / "run" / "instance.json").is_symlink()


def test_only_the_own_file_is_removed(root: Path) -> None:
    mine = write(root, "mine")
    write(root, "of another")
    remove_instance(root, mine)
    assert read_instance(root) is not None
    remove_instance(root, write(root, "mine"))
    assert read_instance(root) is None
    remove_instance(root, mine)


def test_two_directories_have_two_cookies(root: Path) -> None:
    assert cookie_instance(root) == cookie_instance(root)
    assert cookie_instance(root) != cookie_instance(root / "other")
