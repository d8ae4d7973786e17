"""What the assistant's tools answer over a small store, asked through the SDK's own client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from tests.mcp_support import FAIR, FORGED, INJECTIONS, UNFINISHED, small_store

from vectra_player.mcp.answers import NOTICE
from vectra_player.mcp.desk import Desk
from vectra_player.mcp.server import build
from vectra_player.mcp.statements import MAX_CELL, MAX_ROWS


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    root = small_store(tmp_path_factory.mktemp("mcp") / "data")
    with closing(Desk(root)) as opened:
        yield opened


class Asker:
    """Asks as a client does; the SDK wants a connection opened and closed in one task."""

    def __init__(self, desk: Desk, *, allow_write: bool = False) -> None:
        self._desk = desk
        self._allow_write = allow_write

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any) -> Any:
            async with Client(build(self._desk, allow_write=self._allow_write)) as client:
                return await getattr(client, name)(*arguments)

        return call


@pytest.fixture
def client(desk: Desk) -> Asker:
    return Asker(desk)


async def ask(client: Asker, tool: str, **arguments: Any) -> Any:
    """Call a tool and return its structured content."""
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    assert answer.structured_content is not None
    return answer.structured_content


async def refusal(client: Asker, tool: str, **arguments: Any) -> str:
    """Call a tool that must refuse, and return what it says."""
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    return str(answer.content[0].text)


async def test_the_tools_are_those_of_the_contract_and_only_read(client: Asker) -> None:
    tools = (await client.list_tools()).tools
    assert {tool.name for tool in tools} == {
        "chroma_list_collections",
        "chroma_query_documents",
        "query_events",
        "get_game",
        "verify_game",
        "describe_event",
        "coverage",
    }
    for tool in tools:
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        assert tool.output_schema is not None


async def test_adding_documents_is_offered_only_where_it_was_allowed(desk: Desk) -> None:
    async with Client(build(desk, allow_write=True)) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert tools["chroma_add_documents"].annotations is not None
    assert tools["chroma_add_documents"].annotations.read_only_hint is False


async def test_a_select_is_answered_and_cut_where_it_is_asked(client: Asker) -> None:
    answer = await ask(client, "query_events", sql="SELECT range FROM range(10)", limit=3)
    assert answer["rows"] == [[0], [1], [2]]
    assert answer["truncated"]
    whole = await ask(client, "query_events", sql="SELECT game_id FROM game ORDER BY 1")
    assert whole["rows"] == [[FAIR], [FORGED]]
    assert not whole["truncated"]
    assert whole["notice"] == NOTICE


async def test_an_answer_is_never_longer_than_a_client_takes(client: Asker) -> None:
    long = "SELECT repeat('x', 100000) AS a, range FROM range(1000)"
    answer = await ask(client, "query_events", sql=long, limit=MAX_ROWS)
    assert answer["truncated"]
    assert answer["cut_cells"] == answer["row_count"]
    assert answer["rows"][0][0].startswith("x" * MAX_CELL + "… (100,000")
    assert len(json.dumps(answer)) < 100_000


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("COPY game TO 'x.csv'", "not allowed"),
        ("EXPLAIN ANALYZE COPY game TO 'x.csv'", "not allowed"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELEKT", "no SQL"),
        ("SELECT nothing FROM game", "nothing"),
    ],
)
async def test_a_statement_that_is_refused_says_why(client: Asker, sql: str, word: str) -> None:
    assert word in await refusal(client, "query_events", sql=sql)


async def test_a_game_is_told_with_its_rows_and_games_like_it(client: Asker) -> None:
    game = await ask(client, "get_game", game_id=FAIR)
    assert game["completeness"] == "full"
    assert game["prices_known"] == game["rug_tick"] + 1
    assert game["path"][0] == {"tick": 0, "price": 1.0}
    assert game["path"][-1]["tick"] == game["rug_tick"]
    assert any(point["tick"] == game["peak_tick"] for point in game["path"])
    assert game["sidebets"] == {"won": 1, "lost": 2, "unknown": 0, "own": 0}
    assert game["trades_recorded"] == len(INJECTIONS)
    assert [like["game_id"] for like in game["alike"]] == [FORGED]
    assert game["alike"][0]["row"] == "game/s1/2/0"
    assert [fact["kind"] for fact in game["facts"]] == ["gap"]


async def test_every_row_an_answer_names_can_be_read(client: Asker) -> None:
    game = await ask(client, "get_game", game_id=FAIR)
    coverage = await ask(client, "coverage")
    event = (await ask(client, "describe_event", name="playerUpdate"))["result"][0]
    named = [*game["rows"], *(like["row"] for like in game["alike"])]
    named += [*(gap["row"] for gap in coverage["gaps"]), *event["rows"]]
    assert named
    for row in named:
        doc_type, session, seq, sub = row.split("/")
        sql = (
            f"SELECT count(*) FROM {doc_type} WHERE session_id = '{session}'"
            f" AND seq = {seq} AND sub = {sub}"
        )
        assert (await ask(client, "query_events", sql=sql))["rows"] == [[1]], row


async def test_a_long_list_of_a_row_is_cut_as_the_json_it_is(client: Asker) -> None:
    answer = await ask(client, "query_events", sql="SELECT list('a/b') FROM range(1000)")
    assert answer["cut_cells"] == 1
    assert answer["rows"][0][0].startswith('["a/b", "a/b"')


async def test_the_end_of_a_game_id_is_enough_if_it_is_the_only_one(client: Asker) -> None:
    assert (await ask(client, "get_game", game_id="00fa"))["game_id"] == FAIR
    told = await refusal(client, "get_game", game_id="9999")
    assert "No game 9999" in told
    assert "query_events" in told


async def test_a_game_that_was_not_seen_to_end_is_told_as_far_as_it_is_known(
    client: Asker,
) -> None:
    game = await ask(client, "get_game", game_id=UNFINISHED)
    assert game["completeness"] == "unfinished"
    assert game["rug_tick"] is None
    assert [point["price"] for point in game["path"]] == [1.0, 1.1, 1.2]
    assert game["alike"] == []


async def test_a_fair_game_is_verified_and_a_forged_one_is_not(client: Asker) -> None:
    fair = await ask(client, "verify_game", game_id=FAIR)
    assert (fair["status"], fair["commitment"], fair["differences"]) == ("verified", "seen", [])
    forged = await ask(client, "verify_game", game_id=FORGED)
    assert forged["status"] == "failed"
    assert forged["differences"][0]["tick"] == 5
    unfinished = await ask(client, "verify_game", game_id=UNFINISHED)
    assert unfinished["status"] == "incomplete"
    assert "seed" in unfinished["reason"]


async def test_an_event_is_described_by_what_was_seen_of_it(client: Asker) -> None:
    event = (await ask(client, "describe_event", name="playerUpdate"))["result"][0]
    fields = {field["path"]: field for field in event["fields"]}
    assert event["packets"] == 1
    assert fields["$.cash"]["types"] == ["number"]
    assert fields["$.cash"]["presence"] == 1
    assert event["knowledge"], "the knowledge base explains playerUpdate"
    told = await refusal(client, "describe_event", name="playrUpdate")
    assert "Near to it: playerUpdate" in told


async def test_coverage_tells_days_and_gaps_of_the_time_asked_for(client: Asker) -> None:
    whole = await ask(client, "coverage")
    assert whole["days"] == [
        {"date": "2026-01-01", "sessions": 1, "events": 3, "games": 2, "gaps": 1}
    ]
    assert whole["gaps_total"] == 1
    assert whole["gaps"][0]["at"] == "2026-01-01T00:00:05.000+00:00"
    begun = await ask(client, "coverage", until="2026-01-01T00:00:30Z")
    assert (begun["days"][0]["events"], begun["games"]) == (3, 0)  # none had ended by then
    later = await ask(client, "coverage", since="2026-01-02", until="2026-02-01T00:00:00Z")
    assert (later["days"], later["gaps"], later["first"]) == ([], [], None)
    assert "until" in await refusal(client, "coverage", until="yesterday")


async def test_what_other_people_wrote_stands_only_in_values(client: Asker) -> None:
    for thing in (
        await client.list_tools(),
        await client.list_resources(),
        await client.list_prompts(),
    ):
        told = thing.model_dump_json()
        assert not any(text in told for text in INJECTIONS)
    sql = "SELECT username FROM other_player ORDER BY seq"
    answer = await client.call_tool("query_events", {"sql": sql, "limit": MAX_ROWS})
    assert answer.structured_content["rows"] == [[text] for text in INJECTIONS]
    assert answer.structured_content["notice"] == NOTICE
    # The text for clients without structured content is the same data, and nothing besides.
    assert [json.loads(part.text) for part in answer.content] == [answer.structured_content]


async def test_the_resources_can_be_read(client: Asker) -> None:
    schema = (await client.read_resource("vectra://schema")).contents[0]
    assert "## game_tick" in schema.text
    events = (await client.read_resource("vectra://events")).contents[0]
    assert {"name": "playerUpdate", "direction": "received", "packets": 1} in json.loads(
        events.text
    )
    pages = json.loads((await client.read_resource("vectra://knowledge")).contents[0].text)
    page = await client.read_resource(f"vectra://knowledge/{pages[0]}")
    assert page.contents[0].text.startswith("# ")
    glossary = (await client.read_resource("vectra://knowledge/glossary")).contents[0].text
    assert "250 ms" in glossary
    assert "<!--" not in glossary


async def test_the_prompts_name_the_tools_to_use(client: Asker) -> None:
    tools = {tool.name for tool in (await client.list_tools()).tools}
    arguments = {"game_id": FAIR, "name": "playerUpdate", "day": "2026-01-01"}
    for prompt in (await client.list_prompts()).prompts:
        wanted = {arg.name: arguments[arg.name] for arg in prompt.arguments or []}
        text = (await client.get_prompt(prompt.name, wanted)).messages[0].content.text
        assert any(name in text for name in tools)


async def test_an_empty_directory_is_answered(tmp_path: Path) -> None:
    from vectra_player.store.layout import DataDir

    root = DataDir.open_or_create(tmp_path / "empty").root
    with closing(Desk(root)) as desk:
        client = Asker(desk)
        assert (await ask(client, "coverage"))["days"] == []
        assert (await ask(client, "query_events", sql="SELECT * FROM game"))["rows"] == []
        assert "No game" in await refusal(client, "get_game", game_id=FAIR)
