"""Pages become passages a small model reads whole, torn nowhere but between rows, items, lines."""

from __future__ import annotations

from tests.rag_support import WordEmbedder

from vectra_player.rag.knowledge import MOST_TOKENS, passages_of
from vectra_player.rag.markdown import sections
from vectra_player.rag.passages import Passage


def words(text: str) -> int:
    return len(text.split())


def cut(text: str) -> list[Passage]:
    return list(passages_of("knowledge/page.md", text, words))


def test_a_passage_keeps_the_path_of_its_headings() -> None:
    found = cut("# The protocol\n\n## 10. Personal\n\n### `playerUpdate`\n\nThe account.\n")
    assert [(one.title, one.source, one.text) for one in found] == [
        (
            "The protocol > Personal > playerUpdate",
            "knowledge/page.md#playerupdate",
            "The account.",
        )
    ]


def test_a_heading_without_text_makes_no_passage() -> None:
    assert cut("# Title\n\n## Empty\n\n## Full\n\nText.\n")[0].title == "Title > Full"


def test_headings_of_one_name_have_anchors_of_their_own() -> None:
    found = [section.anchor for section in sections("## Start\n\na\n\n## Start\n\nb\n")]
    assert found == ["start", "start-1"]


def test_a_long_table_is_cut_between_rows_and_keeps_its_head() -> None:
    rows = [f"| `field{n}` | {'word ' * 12}|" for n in range(60)]
    found = cut("## Fields\n\n| field | meaning |\n|---|---|\n" + "\n".join(rows) + "\n")
    assert len(found) > 2
    assert all(one.text.startswith("| field | meaning |\n|---|---|\n") for one in found)
    told = [line for one in found for line in one.text.splitlines() if line.startswith("| field")]
    assert [line for line in told if "meaning" not in line] == [
        row.replace("`", "") for row in rows
    ]


def test_a_long_list_is_cut_between_items() -> None:
    items = [f"- item {n} {'word ' * 15}\n  goes on {n}" for n in range(40)]
    found = cut("## List\n\n" + "\n".join(items) + "\n")
    assert len(found) > 2
    assert [item for one in found for item in one.text.split("\n- ")][1].startswith("item 1 ")
    assert all(one.text.count("item ") == one.text.count("goes on ") for one in found)


def test_code_is_kept_as_it_is_written() -> None:
    code = "```sql\nSELECT `a` FROM t\n\n# no heading\nWHERE **b**\n```"
    assert cut(f"## Code\n\nBefore it.\n\n{code}\n")[0].text == f"Before it.\n\n{code}"


def test_no_passage_is_longer_than_the_model_reads() -> None:
    text = "## Long\n\n" + " ".join(f"Sentence number {n} is here." for n in range(400)) + "\n"
    found = cut(text)
    assert max(words(one.embedded) for one in found) <= MOST_TOKENS + 10
    assert " ".join(one.text for one in found).count("Sentence number") == 400


def test_the_names_a_passage_explains_are_those_it_begins_with() -> None:
    found = cut(
        "## `gameStateUpdate`\n\n| field | meaning |\n|---|---|\n"
        "| `tickCount`, `price` | see `other` |\n\n- **`cash`**: like `another`\n"
    )
    assert found[0].names == ("gameStateUpdate", "tickCount", "price", "cash")


def test_ids_are_the_same_in_every_run_and_unique() -> None:
    rows = "\n".join(f"| `field{n}` | {'word ' * 12}|" for n in range(60))
    text = f"## Fields\n\n| field | meaning |\n|---|---|\n{rows}\n"
    first, second = cut(text), cut(text)
    assert first == second
    assert len({one.id for one in first}) == len(first)
    assert [one.id for one in first][:2] == [
        "knowledge/page.md#fields",
        "knowledge/page.md#fields~2",
    ]


def test_comments_and_links_leave_their_words_only() -> None:
    found = cut("## A\n\nWaits <!--= n -->40<!--/-->\nticks, see [the rules](../rules.md#x).\n")
    assert found[0].text == "Waits 40 ticks, see the rules."


def test_a_hash_tells_any_change_but_that_of_the_id() -> None:
    one = cut("## A\n\nText.\n")[0]
    other = cut("## A\n\nText!\n")[0]
    assert one.content_hash != other.content_hash
    assert WordEmbedder().embed([one.embedded]).shape == (1, 256)


def test_a_glossary_keeps_its_table_and_defines_each_word_besides() -> None:
    found = cut(
        "# Glossary\n\n## Words\n\n| word | also called | meaning |\n|---|---|---|\n"
        "| rug | crash, bust | the end |\n| rug tick | | its tick |\n"
    )
    assert [(one.id, one.kind, one.text) for one in found[:2]] == [
        ("knowledge/page.md#words~rug", "definition", "rug: the end. Also called crash, bust."),
        ("knowledge/page.md#words~rug tick", "definition", "rug tick: its tick."),
    ]
    assert [(one.id, one.kind) for one in found[2:]] == [("knowledge/page.md#words", "knowledge")]
    assert {one.source for one in found} == {"knowledge/page.md#words"}
