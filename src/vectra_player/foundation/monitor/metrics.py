"""Metrics in Prometheus text format, read when somebody asks. Used by the backends.

Each service has a registry of its own: two in one process (as in tests) never mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

METRICS_TYPE = CONTENT_TYPE_LATEST


class Reading(msgspec.Struct, frozen=True):
    """One value as of now; `counter`: it never falls while the service runs."""

    name: str
    help: str
    value: float | None
    counter: bool = False
    labels: dict[str, str] = {}


class Metrics:
    """A registry over a function that reads the service."""

    def __init__(self, read: Callable[[], Iterable[Reading]]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Readings(read))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def render(self) -> bytes:
        """Return the text."""
        return generate_latest(self._registry)


class _Readings(Collector):
    def __init__(self, read: Callable[[], Iterable[Reading]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Any] = {}
        for reading in self._read():
            if reading.value is None:
                continue
            family = families.get(reading.name)
            if family is None:
                kind = CounterMetricFamily if reading.counter else GaugeMetricFamily
                family = kind(reading.name, reading.help, labels=list(reading.labels))
                families[reading.name] = family
            family.add_metric(list(reading.labels.values()), float(reading.value))
        yield from families.values()
