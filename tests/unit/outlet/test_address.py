"""Addresses hold no secrets; credentials come from a file that only its owner may read."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_player.config import load
from vectra_player.errors import ConfigError, UsageError
from vectra_player.outlet.address import Login, parse_address


def test_the_port_is_filled_in() -> None:
    assert parse_address("nats://example", None).url == "nats://example:4222"
    assert parse_address("tls://[::1]:5/", None).url == "tls://[::1]:5"


@pytest.mark.parametrize("url", ["", "nats://", "redis://h:1", "nats://h:0", "nats://h:70000", "h"])
def test_what_is_no_broker_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no broker"):
        parse_address(url, None)


def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        parse_address("nats://me:hush@example:4222", None)
    with pytest.raises(ConfigError) as set_so:
        load({"data_dir": tmp_path}, {"VECTRA_OUTLET": "nats://me:hush@example:4222"})
    assert "hush" not in f"{told.value} {told.value!r} {set_so.value} {set_so.value!r}"


def credentials(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "credentials"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_credentials_are_user_and_password_or_a_token(tmp_path: Path) -> None:
    path = credentials(tmp_path, "me:hu:sh\n")
    assert parse_address("nats://h", path).login() == Login("me", "hu:sh")
    credentials(tmp_path, "token\n")
    assert parse_address("nats://h", path).login() == Login("", "token")
    assert parse_address("nats://h", None).login() is None


def test_a_login_does_not_show_what_it_holds() -> None:
    assert "hush" not in f"{Login('me', 'hush')!r} {Login('me', 'hush')}"


@pytest.mark.parametrize(
    ("text", "mode", "part"),
    [("me:hush", 0o644, "Others may read"), ("", 0o600, "holds no"), ("a\nb", 0o600, "holds no")],
)
def test_a_file_that_will_not_do_is_refused(
    tmp_path: Path, text: str, mode: int, part: str
) -> None:
    with pytest.raises(UsageError, match=part) as told:
        parse_address("nats://h", credentials(tmp_path, text, mode)).login()
    assert "hush" not in str(told.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        parse_address("nats://h", tmp_path / "none").login()
