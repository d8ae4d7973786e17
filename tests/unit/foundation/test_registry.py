"""Tools are found by their manifests; a bad one is broken with its reason, and not followed."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

import vectra_player
from vectra_player.errors import UsageError
from vectra_player.foundation.registry import BUILT_IN, MAX_MANIFEST_BYTES, Registry
from vectra_player.foundation.scaffold import new_tool

PACKAGE = Path(vectra_player.__file__).parent
VENDOR = PACKAGE / "foundation" / "static" / "vendor"
OURS = [
    *(PACKAGE / "foundation" / "artifacts").rglob("*.*"),
    *(
        path
        for path in (PACKAGE / "foundation" / "static").rglob("*.*")
        if VENDOR not in path.parents
    ),
    *(PACKAGE / "web" / "static").rglob("*.*"),
]


def make_tool(root: Path, name: str = "my-tool", /, **manifest: Any) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "manifest.json").write_text(json.dumps({"name": name, "title": "Mine", **manifest}))
    return folder


def reason(root: Path, name: str) -> str:
    tools = {tool.name: tool for tool in Registry(root, built_in=root / "none").tools()}
    assert tools[name].url is None
    return tools[name].broken or ""


def test_the_built_in_tools_are_all_sound(tmp_path: Path) -> None:
    tools = Registry(tmp_path / "absent").tools()
    assert [tool.name for tool in tools if tool.broken] == []
    assert {tool.name for tool in tools} == {
        *("orchestrator", "live-monitor", "player-watch", "recording-control"),
        *("feed-inspector", "seed-verifier", "sidebet-desk", "survival-explorer"),
    }


def test_a_tool_of_the_user_is_listed_with_its_address(tmp_path: Path) -> None:
    make_tool(tmp_path, description="counts", order=5)
    [tool] = Registry(tmp_path, built_in=tmp_path / "none").list()
    assert (tool["title"], tool["url"], tool["built_in"]) == ("Mine", "/artifacts/my-tool/", False)


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ({"title": ""}, "length"),
        ({"title": 3}, "Expected `str`"),
        ({"extra": 1}, "unknown field"),
        ({"name": "other"}, "the folder is"),
        ({"entry": "../index.html"}, "matching regex"),
        ({"entry": "/etc/passwd.html"}, "matching regex"),
        ({"entry": "none.html"}, "not a file"),
        ({"needs": ["trade"]}, "Invalid enum value"),
        ({"title": "a\u202eb"}, "control characters"),
        ({"title": "x" * 201}, "length"),
    ],
)
def test_a_bad_manifest_is_broken_with_its_reason(
    tmp_path: Path, manifest: dict[str, Any], told: str
) -> None:
    make_tool(tmp_path, **manifest)
    assert told in reason(tmp_path, "my-tool")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 9000])
def test_a_manifest_that_is_no_json_object_is_broken(tmp_path: Path, text: bytes) -> None:
    (make_tool(tmp_path) / "manifest.json").write_bytes(text)
    assert "manifest.json" in reason(tmp_path, "my-tool")


def test_a_giant_manifest_is_not_read(tmp_path: Path) -> None:
    (make_tool(tmp_path) / "manifest.json").write_bytes(b" " * (MAX_MANIFEST_BYTES + 1))
    assert "larger" in reason(tmp_path, "my-tool")


@pytest.mark.parametrize("name", ["Upper", "a_b", "a" * 65, "ä", "shared", "template", "a b"])
def test_a_folder_with_a_bad_name_is_broken(tmp_path: Path, name: str) -> None:
    make_tool(tmp_path, name)
    [tool] = Registry(tmp_path, built_in=tmp_path / "none").tools()
    assert tool.broken


def test_links_are_not_followed(tmp_path: Path) -> None:
    real = make_tool(tmp_path / "elsewhere", "linked")
    root = tmp_path / "artifacts"
    (root / "half").mkdir(parents=True)
    (root / "linked").symlink_to(real)
    (root / "half" / "manifest.json").symlink_to(real / "manifest.json")
    entry = make_tool(root, "entry")
    (entry / "index.html").unlink()
    (entry / "index.html").symlink_to(real / "index.html")
    assert "links" in reason(root, "linked")
    assert "links" in reason(root, "half")
    assert "not a file" in reason(root, "entry")


def test_no_tool_of_the_user_takes_the_place_of_a_built_in_one(tmp_path: Path) -> None:
    make_tool(tmp_path, "live-monitor")
    tools = [tool for tool in Registry(tmp_path).tools() if tool.name == "live-monitor"]
    assert [(tool.built_in, bool(tool.broken)) for tool in tools] == [(True, False), (False, True)]


def test_a_new_tool_is_made_of_the_template(tmp_path: Path) -> None:
    folder = new_tool(tmp_path / "artifacts", "rug-counter")
    [tool] = Registry(tmp_path / "artifacts", built_in=tmp_path / "none").tools()
    assert (tool.name, tool.title, tool.broken) == ("rug-counter", "Rug counter", None)
    assert sorted(path.name for path in folder.iterdir()) == [
        "index.html",
        "manifest.json",
        "tool.js",
    ]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["rug-counter"]


@pytest.mark.parametrize(
    "name", ["", "Up", "../x", "a/b", ".hidden", "shared", "template", "orchestrator"]
)
def test_a_new_tool_needs_a_free_and_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        new_tool(tmp_path, name)


def test_a_tool_that_exists_is_left_alone(tmp_path: Path) -> None:
    new_tool(tmp_path, "mine")
    (tmp_path / "mine" / "tool.js").write_text("changed")
    with pytest.raises(UsageError, match="exists"):
        new_tool(tmp_path, "mine")
    assert (tmp_path / "mine" / "tool.js").read_text() == "changed"


def test_the_template_takes_at_most_twenty_lines() -> None:
    assert len((BUILT_IN / "template" / "tool.js").read_text().splitlines()) <= 20


def test_vendored_files_are_what_was_published() -> None:
    listed = json.loads((VENDOR / "vendor.json").read_text())
    for package in listed:
        found = hashlib.sha256((VENDOR / package["file"]).read_bytes()).hexdigest()
        assert found == package["sha256"]
        assert (VENDOR / package["license_file"]).is_file()
    scripts = {path.name for path in VENDOR.iterdir() if path.suffix in (".js", ".mjs")}
    assert scripts == {package["file"] for package in listed}


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_page_of_ours_turns_text_into_code(path: Path) -> None:
    text = path.read_text("utf-8")
    if path.suffix == ".js":
        banned = (
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
        )
        assert not re.search(banned, text)
    if path.suffix == ".html":
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text)
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)


def test_the_verifiers_colours_are_those_of_the_stylesheet() -> None:
    def tokens(text: str) -> list[dict[str, str]]:
        blocks = re.findall(r":root[^{]*\{([^}]*--bg[^}]*)\}", text)
        return [dict(re.findall(r"(--[a-z]+): (#[0-9a-f]{6})", block)) for block in blocks[:2]]

    shared = tokens((PACKAGE / "web" / "static" / "vectra.css").read_text())
    own = tokens((BUILT_IN / "seed-verifier" / "tool.css").read_text())
    for mine, theirs in zip(own, shared, strict=True):
        assert mine.items() <= theirs.items()
