"""The page about alerts says what the built-in rules say."""

from __future__ import annotations

import re

import pytest
from tests.docs_support import blocks, text_of

from vectra_player.alerts.catalogue import KINDS
from vectra_player.alerts.conditions import FIELDS
from vectra_player.alerts.rules import default_rules, read_rules

PAGE = "docs/how-to/alerts.md"


def rows() -> list[str]:
    """Return the table of the built-in rules, a row a type."""
    return [
        f"| `{name}` | {rule.kind.text} | {'on' if rule.enabled else 'off'} |"
        f" {', '.join(f'`{key}` {shown(value)}' for key, value in rule.params.items()) or '–'} |"
        f" {rule.cooldown.text} | {rule.severity} | {rule.kind.seen} |"
        for name, rule in default_rules().items()
    ]


def shown(value: object) -> str:
    """Write a threshold as the table has it."""
    if isinstance(value, tuple):
        return " ".join(shown(one) for one in value) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def test_the_table_is_that_of_the_built_in_rules() -> None:
    told = re.findall(
        r"^\| `[a-z_0-9]+` \|.*(?:real|demo|constructed) \|$", text_of(PAGE), re.MULTILINE
    )
    assert told == rows()


def test_every_field_of_a_condition_is_explained() -> None:
    told = dict(re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \|$", text_of(PAGE), re.MULTILINE))
    assert FIELDS.items() <= told.items()


@pytest.mark.parametrize("example", blocks(PAGE, "toml"))
def test_every_example_is_a_file_without_fault(example: str) -> None:
    assert read_rules(example, "example").faults == ()


def test_every_key_of_a_rule_is_explained() -> None:
    keys = {key for rule in default_rules().values() for key in rule.table()}
    keys -= {param.name for kind in KINDS.values() for param in kind.params}
    assert {f"`{key}`" for key in keys} <= set(re.findall(r"`\w+`", text_of(PAGE)))
