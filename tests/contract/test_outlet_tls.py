"""`tls://` to real brokers: the login goes to one that is encrypted and known, and to no other."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.outlet_support import broker, within

from vectra_player.outlet.address import Address, parse_address
from vectra_player.outlet.broker import BrokerError, connected

SECRET = "s3cret"


@pytest.fixture
def login(tmp_path: Path) -> Path:
    path = tmp_path / "login"
    path.write_text(f"me:{SECRET}")
    path.chmod(0o600)
    return path


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    host = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "broker.pem", folder / "broker.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@pytest.fixture
def encrypted(tmp_path: Path, login: Path) -> Iterator[tuple[Address, Path]]:
    """A broker with TLS and a login, and its certificate."""
    pem, key = certificate(tmp_path)
    words = ("--tls", "--tlscert", str(pem), "--tlskey", str(key), "--user", "me", "--pass", SECRET)
    with broker(tmp_path / "nats", *words) as server:
        yield parse_address(server.url.replace("nats://", "tls://"), login), pem


async def connect(address: Address) -> None:
    async with connected(address) as there:
        await there.open_stream()


async def test_a_broker_with_a_known_certificate_is_used(
    encrypted: tuple[Address, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, pem = encrypted
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    await within(connect(address))


async def test_a_broker_with_an_unknown_certificate_is_refused_and_told(
    encrypted: tuple[Address, Path],
) -> None:
    with pytest.raises(BrokerError, match="no TLS with the broker: self-signed certificate"):
        await within(connect(encrypted[0]))


@contextlib.asynccontextmanager
async def plain_broker(heard: bytearray, **info: object) -> AsyncIterator[int]:
    """Say what a broker without TLS says first, and keep all that is answered. Yields the port."""
    first = {"server_id": "x", "version": "2.10.0", "max_payload": 1 << 20, "auth_required": True}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"INFO " + json.dumps(first | info).encode() + b"\r\n")
        while part := await reader.read(4096):
            heard.extend(part)
            if b"PING" in part:
                writer.write(b"PONG\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("info", [{}, {"tls_required": False, "tls_available": True}])
async def test_a_broker_without_tls_never_hears_the_login(
    login: Path, info: dict[str, object]
) -> None:
    heard = bytearray()
    async with plain_broker(heard, **info) as port:
        with pytest.raises(BrokerError, match="offers none, and the login was not sent"):
            await within(connect(parse_address(f"tls://127.0.0.1:{port}", login)))
        assert heard == b""
        async with connected(parse_address(f"nats://127.0.0.1:{port}", login)):
            assert SECRET.encode() in heard  # so it would have heard it
