from __future__ import annotations

import threading
from typing import Any

import peers
import probing
import pytest
import scripted_pacs as scripted
from pynetdicom import evt

from linkexchange.dicom.probe import Limits, capacity
from linkexchange.errors import PacsUnavailable
from linkexchange.model.findings import Check
from linkexchange.model.passport import Passport


def test_1_1_09_the_association_limit_is_found() -> None:
    with scripted.serve(maximum_associations=3) as passport:
        visit = probing.visit(passport)
        found = probing.step(capacity.associations, visit)[Check.ASSOCIATIONS]
    assert visit.max_associations == 3
    assert found.evidence == "3 at once; association rejected: local limit exceeded, transient"


def test_1_1_09_no_more_associations_are_opened_than_wanted_and_all_are_released() -> None:
    released = threading.Semaphore(0)
    opened: list[Any] = []
    events = ((evt.EVT_ESTABLISHED, opened.append), (evt.EVT_RELEASED, lambda _: released.release()))
    with scripted.serve(*events) as passport:
        visit = probing.visit(passport, limits=Limits(associations=2))
        probing.step(capacity.associations, visit)
        assert all(released.acquire(timeout=5) for _ in range(2))
    assert (visit.max_associations, len(opened)) == (2, 2)


def test_a_pacs_that_is_down_has_no_association_limit() -> None:
    nobody = Passport("none", scripted.AE_TITLE, peers.HOST, peers.free_port())
    with pytest.raises(PacsUnavailable):
        probing.step(capacity.associations, nobody)
