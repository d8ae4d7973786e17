from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from vectra_player.foundation.monitor.files import inside, respond


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret.js").write_text("secret")
    tools = tmp_path / "tools"
    (tools / "one" / "deep").mkdir(parents=True)
    (tools / "one" / "tool.js").write_text("1")
    (tools / "one" / "deep" / "a-b.c.js").write_text("2")
    (tools / "one" / ".hidden.js").write_text("3")
    (tools / "one" / "run.py").write_text("4")
    (tools / "one" / "out.js").symlink_to(tmp_path / "secret.js")
    (tools / "one" / "up").symlink_to(tmp_path)
    (tools / "one" / "in.js").symlink_to(tools / "one" / "tool.js")
    return tools


@pytest.mark.parametrize("path", ["one/tool.js", "one/deep/a-b.c.js", "one/in.js"])
def test_files_inside_are_served(root: Path, path: str) -> None:
    assert inside(root, path) is not None


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "one",
        "one/",
        "/one/tool.js",
        "one//tool.js",
        "one/../one/tool.js",
        "../secret.js",
        "one/.hidden.js",
        "one/run.py",
        "one/out.js",
        "one/up/secret.js",
        "one/tool.js/",
        "one/tool.js\x00",
        "one\\tool.js",
        "one/tool.js::$DATA",
        "~/tool.js",
        "one/" + "a" * 5000 + ".js",
    ],
)
def test_everything_else_is_not(root: Path, path: str) -> None:
    assert inside(root, path) is None
    with pytest.raises(HTTPException):
        respond([root], path)


@given(st.text(alphabet="abo.ne/\\~%\x00-_ js", max_size=30))
def test_no_name_leads_out(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    root = tmp_path_factory.getbasetemp()
    found = inside(root, path)
    assert found is None or found.is_relative_to(root.resolve())


def test_a_root_that_does_not_exist_serves_nothing(tmp_path: Path) -> None:
    assert inside(tmp_path / "none", "a.js") is None
