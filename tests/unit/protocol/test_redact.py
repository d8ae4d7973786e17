from __future__ import annotations

import base64
import json

import pytest

from vectra_player.model.frame import BINARY, Frame, fact
from vectra_player.protocol.redact import scrub, scrub_text, surely_clean

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzaWQiOiJjbTEifQ.c2lnbmF0dXJlLXNlY3JldA"
TRACE = '{"__trace":true,"traceparent":"00-8bd73008ccac9487ac7c97d69679d5ed-7365549278738270-01"}'


def scrubbed(raw: str, **fields: object) -> str:
    return scrub(Frame(ts=1, raw=raw, **fields)).raw  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "accessToken",
        "access_token",
        "privy:token",
        "privy:pat",
        "id_token",
        "refresh_token",
        "authorization",
        "Authorization",
        "cookie",
        "Set-Cookie",
        "password",
        "passwd",
        "pwd",
        "Pwd",
        "user_pwd",
        "passphrase",
        "secret",
        "clientSecret",
        "apiKey",
        "api_key",
        "x-api-key",
        "privateKey",
        "mnemonic",
        "seedPhrase",
        "signature",
        "jwt",
        "credentials",
        "auth",
    ],
)
def test_values_of_secret_names_are_masked_in_events(name: str) -> None:
    for spelt in (name, name.upper()):
        raw = f'42["x",{{"a":1,"{spelt}":"hunter2","b":[2]}}]'
        masked = f'42["x",{{"a":1,"{spelt}":"***","b":[2]}}]'
        assert (scrub_text(raw) if name == "privy:pat" else scrubbed(raw)) == masked


@pytest.mark.parametrize(
    "raw",
    [
        '42["gameStateUpdate",{"provablyFair":{"serverSeed":"ab","serverSeedHash":"cd"}}]',
        f'42["standard/newTrade",{TRACE},{{"gameId":"20251215-3c","playerId":"did:privy:x"}}]',
        '42["rugRoyaleUpdate",{"config":{"token":"0xPractice"}}]',
        '42["x",{"selectedCoin":{"name":"Practice Token","coinAddress":"So1111"}}]',
        '42["playerUpdate",{"authenticated":true,"token":null,"crateKeys":{"gold":1}}]',
        '42["newChatMessage",{"message":"mail me: a@b.c \\"or\\" not","username":"KJW@"}]',
        "2probe",
        '0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000}',
    ],
)
def test_clean_frames_come_back_as_the_same_object(raw: str) -> None:
    frame = Frame(ts=1, raw=raw)
    assert scrub(frame) is frame


def test_a_password_is_known_within_a_name() -> None:
    assert (
        scrubbed('42["x",{"userPwd":"hunter2","idpwd":1}]') == '42["x",{"userPwd":"***","idpwd":1}]'
    )


def test_the_letters_of_an_id_are_no_reason_to_look_closely() -> None:
    assert surely_clean('42["x",{"playerId":"did:privy:wmpyu5wdftkvhir6fx149e1fi"}]')
    assert not surely_clean('42["x",{"pwd":"hunter2"}]')


def test_connect_packets_lose_their_token_in_every_namespace() -> None:
    assert scrubbed('40{"token":"abc"}') == '40{"token":"***"}'
    assert scrubbed('40/chat,{"token":"abc","v":1}') == '40/chat,{"token":"***","v":1}'


@pytest.mark.parametrize("head", ["42", "4217", "42/chat,9"])
def test_all_arguments_of_authenticate_are_masked_but_the_trace(head: str) -> None:
    raw = f'{head}["authenticate",{TRACE},"zzz",{{"any":{{"name":["q",5]}},"ok":true}}]'
    masked = f'{head}["authenticate",{TRACE},"***",{{"any":{{"name":["***",0]}},"ok":true}}]'
    assert scrubbed(raw, direction="sent") == masked


def test_a_recorded_authenticate_is_masked_too() -> None:
    raw = '{"event":"authenticate","data":[{"__trace":true},{"x":"zzz"}],"seq":3}'
    assert scrubbed(raw, raw_format="capture") == raw.replace("zzz", "***")


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        (f'42["x","{JWT}"]', '42["x","***"]'),
        ('42["x","Bearer abcdef123456"]', '42["x","Bearer ***"]'),
        ('42["x","sk-abcdefghijklmnop1234"]', '42["x","***"]'),
        (
            '42["x","-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----"]',
            '42["x","***"]',
        ),
        ('42["x","-----BEGIN PRIVATE KEY-----\\nMII"]', '42["x","***"]'),
        ('42["x","wss://user:pass@host/"]', '42["x","wss://user:***@host/"]'),
    ],
)
def test_credentials_are_masked_by_shape(raw: str, masked: str) -> None:
    assert scrubbed(raw) == masked


def test_escaped_json_in_json_is_masked_at_every_depth() -> None:
    inner: object = {"token": 'a"\\b', "k": 1}
    for _ in range(4):
        inner = {"body": json.dumps(inner)}
        value = json.loads(scrubbed("42" + json.dumps(["x", inner]))[2:])[1]
        while "body" in value:
            value = json.loads(value["body"])
        assert value == {"token": "***", "k": 1}


def test_escaped_letters_do_not_hide_a_name() -> None:
    assert scrubbed('42["x",{"tok\\u0065n":"abc"}]') == '42["x",{"token":"***"}]'


def test_urls_in_facts_lose_their_secrets() -> None:
    url = "wss://h/socket.io/?EIO=4&token=abc&transport=websocket#access_token=def"
    frame = fact("connected", {"url": url, "reason": "cookie: a=b; c=d"}, ts=1, source="cdp")
    detail = json.loads(scrub(frame).raw)
    assert detail["url"] == url.replace("abc", "***").replace("def", "***")
    assert detail["reason"] == "cookie: ***"


def test_header_lists_lose_their_values() -> None:
    headers = [{"name": "Authorization", "value": "Basic abc"}, {"name": "Accept", "value": "*"}]
    frame = fact("x", {"headers": headers}, ts=1, source="cdp")
    assert json.loads(scrub(frame).raw)["headers"][0] == {"name": "Authorization", "value": "***"}
    assert json.loads(scrub(frame).raw)["headers"][1] == headers[1]


def test_whole_structures_below_a_secret_name_are_masked() -> None:
    raw = '42["x",{"cookie":{"a":"b","n":[1,"c"]},"password":1234,"after":"kept"}]'
    masked = '42["x",{"cookie":{"a":"***","n":[0,"***"]},"password":0,"after":"kept"}]'
    assert scrubbed(raw) == masked


@pytest.mark.parametrize(("opcode", "prefix"), [(BINARY, ""), (1, "b")])
def test_text_inside_binary_packets_is_masked(opcode: int, prefix: str) -> None:
    raw = prefix + base64.b64encode(b'{"token":"abc"}').decode()
    masked = prefix + base64.b64encode(b'{"token":"***"}').decode()
    assert scrubbed(raw, opcode=opcode) == masked


def test_binary_that_is_no_text_keeps_its_length() -> None:
    payload = b"\xff\xfe\x00" + JWT.encode() + b"\x80"
    out = base64.b64decode(scrubbed(base64.b64encode(payload).decode(), opcode=BINARY))
    assert len(out) == len(payload)
    assert JWT.encode() not in out


@pytest.mark.parametrize(
    "raw", ['{"token":"abc', '42["x",{"token":"abc\\', '{"token":{"a":"b"', '{"token":abc']
)
def test_truncated_text_is_masked_to_its_end(raw: str) -> None:
    masked = scrub_text(raw)
    assert "abc" not in masked
    assert '"b"' not in masked
    assert scrub_text(masked) == masked


@pytest.mark.parametrize(
    "evil",
    ["\\", "token", '"token":', "eyJ", "://a:", "-----BEGIN", "token=", " ", '"', '\\"', "[{"],
)
def test_hostile_text_costs_linear_time(evil: str) -> None:
    text = "token" + evil * (1_000_000 // len(evil))
    masked = scrub_text(text)
    assert scrub_text(masked) == masked


@pytest.mark.parametrize("inner", ['{"token":"abc', '{"cookie":{"a":"abc', '{"cookie":{"a":[1,2'])
def test_masking_truncated_json_inside_a_string_leaves_the_outer_json_whole(inner: str) -> None:
    value = json.loads(scrub_text(json.dumps({"body": inner, "after": "kept"})))
    assert value["after"] == "kept"
    assert "abc" not in value["body"]


def test_malformed_binary_is_masked_as_text() -> None:
    assert scrubbed('b{"token":"abc"}') == 'b{"token":"***"}'


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_secret_that_ends_in_a_backslash_ends_there(depth: int) -> None:
    text = json.dumps({"token": "abc\\", "after": "kept", "secret": 'd"e\\\\'})
    for _ in range(depth):
        text = json.dumps({"body": text})
    text = scrub_text(text)
    for _ in range(depth):
        text = json.loads(text)["body"]
    assert json.loads(text) == {"token": "***", "after": "kept", "secret": "***"}


def test_an_auth_parameter_is_found_in_event_packets() -> None:
    assert scrubbed('42["x","wss://h/?auth=abc"]') == '42["x","wss://h/?auth=***"]'


@pytest.mark.parametrize(
    "name",
    [
        *(
            "login",
            "AUTHENTICATE",
            "Login",
            "Register",
            r"auth\u0065nticate",
            r"\u0061uth",
            r"\u004cOGIN",
        ),
        *(r"sign\u002din", r"sign\u002Din", r"pass\u0077ord"),
    ],
)
def test_however_a_login_event_is_written_its_arguments_are_masked(name: str) -> None:
    packet = f'42["{name}","zzz"]'
    assert "zzz" not in scrubbed(packet, direction="sent")
    assert "zzz" not in scrubbed(f'4217[ "{name}" ,"zzz"]', direction="sent")
    record = f'{{"event":"{name}","data":["zzz"],"seq":3}}'
    assert "zzz" not in scrubbed(record, raw_format="capture")
