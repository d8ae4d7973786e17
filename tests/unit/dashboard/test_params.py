"""Parameters become typed values, or each wrong one is named with what would do."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from vectra_player.dashboard.params import WrongParametersError, read_body, read_params


class Wanted(msgspec.Struct, frozen=True):
    """Which rows."""

    page: Annotated[int, Meta(ge=1, le=9, description="a page from 1 to 9")] = 1
    peak: Annotated[float, Meta(ge=0)] | None = None
    sort: Literal["time", "peak"] = "time"
    name: str = ""


def wrong(**given: str) -> dict[str, str]:
    with pytest.raises(WrongParametersError) as caught:
        read_params(Wanted, {name: [value] for name, value in given.items()})
    return caught.value.fields


def test_texts_of_the_address_become_values() -> None:
    given = {"page": ["3"], "peak": ["2.5"], "sort": ["peak"], "name": ["a b"]}
    assert read_params(Wanted, given) == Wanted(3, 2.5, "peak", "a b")


def test_an_empty_parameter_counts_as_not_given() -> None:
    assert read_params(Wanted, {"page": [""], "peak": [""]}) == Wanted()


def test_every_wrong_parameter_is_named_with_what_would_do() -> None:
    fields = wrong(page="0", peak="x", sort="size")
    assert set(fields) == {"page", "peak", "sort"}
    assert fields["page"] == "A page from 1 to 9."


@pytest.mark.parametrize("value", ["1e3", "1.5", "٣", "9" * 400, "-1", "0x1", "null", "true"])
def test_what_is_no_whole_number_is_refused(value: str) -> None:
    assert "page" in wrong(page=value)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1_0", "--1"])
def test_what_is_no_plain_number_is_refused(value: str) -> None:
    assert "peak" in wrong(peak=value)


def test_an_unknown_parameter_and_one_given_twice_are_refused() -> None:
    assert wrong(pgae="1") == {"pgae": "There is no such parameter."}
    with pytest.raises(WrongParametersError) as caught:
        read_params(Wanted, {"page": ["1", "2"]})
    assert caught.value.fields == {"page": "Give it once."}


def test_a_body_of_a_wrong_shape_names_its_field() -> None:
    with pytest.raises(WrongParametersError) as caught:
        read_body(Wanted, b'{"page":"one"}')
    assert list(caught.value.fields) == ["page"]


@pytest.mark.parametrize("body", [b"", b"[", b"[" * 5000, b"\xff", b'{"page":1'])
def test_a_body_that_is_no_json_is_told_so(body: bytes) -> None:
    with pytest.raises(WrongParametersError) as caught:
        read_body(Wanted, body)
    assert list(caught.value.fields) == ["body"]
