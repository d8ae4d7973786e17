"""The APIs against their documents in short; `python -m tests.contract.conformance` is long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.contract.conformance import Api, both, conform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
EXAMPLES = 1


@pytest.fixture(scope="module")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Api]]:
    with both(tmp_path_factory.mktemp("apis") / "data") as running:
        yield running


def test_every_answer_of_the_dashboard_is_as_described(apis: tuple[Api, Api]) -> None:
    assert conform(apis[0], EXAMPLES) == []


def test_every_answer_of_the_monitor_is_as_described(apis: tuple[Api, Api]) -> None:
    assert conform(apis[1], EXAMPLES) == []
