"""A permission is asked for with what was read a moment ago, however slow others are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from world import PRACTICE, FakeCard, World

from linkexchange import documents
from linkexchange.model.link import MediaType
from linkexchange.model.transfer import State


def test_a_slow_card_does_not_make_stale_what_was_read_in_the_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = world.publish()
    monkeypatch.setattr(FakeCard, "attest", taking(world, 50, FakeCard.attest))
    record = world.records[PRACTICE]
    monkeypatch.setattr(record, "retrieve", taking(world, 20, record.retrieve))
    assert world.pull(entry).state is State.COMPLETE


def test_a_link_that_lists_no_instances_is_not_pulled(world: World) -> None:
    entry = world.publish()
    owner, document, title = world.held[entry]
    link = documents.read(document)
    outline = replace(link, manifest=link.manifest.outline())
    world.held[entry] = owner, documents.write(outline, MediaType.XML, node_url_hint="https://node.example"), title
    transfer = world.pull(entry)
    assert (transfer.state, transfer.reason) == (State.FAILED, "instances-not-listed")


def taking(world: World, seconds: float, call: Callable[..., Any]) -> Callable[..., Any]:
    def slowly(*these: Any, **named: Any) -> Any:
        world.clock.advance(seconds=seconds)  # type: ignore[attr-defined]
        return call(*these, **named)

    return slowly
