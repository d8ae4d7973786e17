"""A user's file of rules, written: only what differs from the built-in rules. Pure.

Used by pages that edit rules. `rules.read_rules` reads the text back to the same rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vectra_player.alerts.rules import Rule, default_rules

HEAD = """\
# Alert rules of your own: keys here lie over the built-in rules, as docs/how-to/alerts.md explains.
# Written by the page of alerts; you may edit it by hand, too.
"""


def rules_text(rules: Mapping[str, Rule]) -> str:
    """Write the tables of the rules that are not as they are built in, in the order given."""
    tables = [
        "\n".join([f"[{name}]", *(f"{key} = {_value(value)}" for key, value in own.items())])
        for name, rule in rules.items()
        if (own := differing(rule))
    ]
    return "\n\n".join([HEAD.rstrip("\n"), *tables]) + "\n"


def differing(rule: Rule) -> dict[str, Any]:
    """Return the keys of a rule that are not as they are built in."""
    usual = default_rules()[rule.type].table()
    return {key: value for key, value in rule.table().items() if value != usual[key]}


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _text(value: str) -> str:
    """Write a text as TOML has it: JSON, but for what cannot be seen."""
    told = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08X}" for each in told)
