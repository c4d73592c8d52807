"""A hospital whose studies others ask for, and the practice that asks."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from releasing.wishing import (
    BORN,
    Ask,
    index,
    wish,
)
from world import HOSPITAL, KVNR, World, data_set

from linkexchange import release, releasing
from linkexchange.model.index import Entry, Source
from linkexchange.model.patient import LocalPatientId


@pytest.fixture
def ward(world: World) -> World:
    """The hospital holds the study, knows the patient, and has rules for what it publishes."""
    world.pacs[HOSPITAL].hold(*(data_set(number) for number in range(1, 5)))
    world.hospital = replace(world.hospital, rules=release.Rules(HOSPITAL, world.nodes))
    index(world).tell(Entry(LocalPatientId("4711"), Source.HL7, KVNR, "Müller", "Jörg", BORN, "M"))
    return world


@pytest.fixture
def ask(ward: World) -> Ask:
    """The practice asks, its request is handed in, and the hospital's job runs."""

    def asked(**changes: object) -> UUID:
        request = releasing.ask(ward.practice, wish(ward, **changes))
        releasing.look(ward.practice, request)
        releasing.judge(ward.hospital, request)
        return request

    return asked
