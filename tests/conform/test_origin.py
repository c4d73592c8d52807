"""An archive without bad manners is one that pynetdicom gets along with; with them it does what they say."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt

from linkexchange.conform import (
    HOST,
    Admission,
    Breaking,
    Counts,
    DestinationPacs,
    How,
    OriginManners,
    OriginPacs,
    Rejection,
    Service,
    made,
    units,
)
from linkexchange.conform.images import CT, EXPLICIT, IMPLICIT
from linkexchange.conform.peer import PATIENT_FIND, STUDY_FIND, STUDY_GET, STUDY_MOVE, VERIFICATION
from linkexchange.conform.units import Wish

pytestmark = pytest.mark.slow

STUDY = made(4)


@contextmanager
def association(pacs: OriginPacs, *handlers: Any, called: str = "ORIGIN") -> Iterator[Any]:
    ae = AE("TESTER")
    ae.dimse_timeout = ae.network_timeout = ae.acse_timeout = 3
    for service in (VERIFICATION, STUDY_FIND, PATIENT_FIND, STUDY_GET, STUDY_MOVE):
        ae.add_requested_context(service, [EXPLICIT, IMPLICIT])
    ae.add_requested_context(CT, [EXPLICIT])
    role = build_role(CT, scp_role=True)
    opened: list[Any] = []
    listening = [*handlers, (evt.EVT_CONN_OPEN, lambda event: opened.append(event.assoc.dul.socket.socket))]
    assoc = ae.associate(HOST, pacs.port, ae_title=called, ext_neg=[role], evt_handlers=listening)
    try:
        yield assoc
    finally:
        if assoc.is_established:
            assoc.release()
        # Where the other side is first to hang up, pynetdicom leaves this to the garbage collector.
        opened[0].close()


def asked(level: str, **values: str) -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel = level
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def find(assoc: Any, level: str, *, model: str = STUDY_FIND, **values: str) -> list[Dataset]:
    return [row for status, row in assoc.send_c_find(asked(level, **values), model) if status.Status == 0xFF00]


def get(pacs: OriginPacs, **values: str) -> tuple[list[bytes], list[int | None]]:
    """The data sets that came, and the statuses of all answers."""
    came: list[bytes] = []

    def keep(event: Any) -> int:
        came.append(event.request.DataSet.getvalue())
        return 0

    with association(pacs, (evt.EVT_C_STORE, keep)) as assoc:
        wish = asked("STUDY", StudyInstanceUID=STUDY[0].study, **values)
        statuses = [status.get("Status") for status, _ in assoc.send_c_get(wish, STUDY_GET)]
    return came, statuses


def test_it_answers_an_echo() -> None:
    with OriginPacs(STUDY) as pacs, association(pacs) as assoc:
        assert assoc.send_c_echo().Status == 0


@pytest.mark.parametrize(("level", "count"), [("STUDY", 1), ("SERIES", 2), ("IMAGE", 4)])
def test_it_lists_a_study_at_every_level(level: str, count: int) -> None:
    with OriginPacs(STUDY) as pacs, association(pacs) as assoc:
        assert len(find(assoc, level, StudyInstanceUID=STUDY[0].study)) == count


def test_it_tells_the_keys_that_were_asked_for() -> None:
    with OriginPacs(STUDY) as pacs, association(pacs) as assoc:
        [row] = find(assoc, "STUDY", StudyInstanceUID="", StudyDescription="")
        assert (row.StudyInstanceUID, row.StudyDescription) == (STUDY[0].study, "Schädel")


def test_it_lists_patients() -> None:
    with OriginPacs(STUDY) as pacs, association(pacs) as assoc:
        assert len(find(assoc, "PATIENT", model=PATIENT_FIND, PatientID="P-77")) == 1
        assert not find(assoc, "PATIENT", model=PATIENT_FIND, PatientID="P-78")


def test_it_sends_a_study_byte_by_byte_as_it_has_it() -> None:
    with OriginPacs(STUDY) as pacs:
        came, statuses = get(pacs)
    assert came == [it.content for it in STUDY]
    assert statuses == [0xFF00] * 4 + [0]


def test_it_moves_a_study_to_a_destination_that_it_knows() -> None:
    with DestinationPacs() as destination:
        known = {"DESTINATION": (HOST, destination.port)}
        with OriginPacs(STUDY, destinations=known) as pacs, association(pacs) as assoc:
            wish = asked("STUDY", StudyInstanceUID=STUDY[0].study)
            statuses = [status.Status for status, _ in assoc.send_c_move(wish, "DESTINATION", STUDY_MOVE)]
        assert [it.content for it in destination.kept] == [it.content for it in STUDY]
        assert statuses[-1] == 0


def test_it_knows_no_other_destination() -> None:
    with OriginPacs(STUDY) as pacs, association(pacs) as assoc:
        wish = asked("STUDY", StudyInstanceUID=STUDY[0].study)
        assert [status.Status for status, _ in assoc.send_c_move(wish, "NOWHERE", STUDY_MOVE)] == [0xA801]


def test_late_sub_operations_come_after_the_final_answer() -> None:
    with DestinationPacs() as destination:
        known = {"DESTINATION": (HOST, destination.port)}
        manners = OriginManners(late_moves=2, move_associations=2, names_originator=False)
        with OriginPacs(STUDY, manners, destinations=known) as pacs, association(pacs) as assoc:
            wish = asked("STUDY", StudyInstanceUID=STUDY[0].study)
            assert [status.Status for status, _ in assoc.send_c_move(wish, "DESTINATION", STUDY_MOVE)][-1] == 0
            assoc.send_c_echo()
        assert len(destination.kept) == 4


@pytest.mark.parametrize(
    ("manners", "sent", "last"),
    [
        (OriginManners(withheld=frozenset({STUDY[1].uid})), 3, 0),
        (OriginManners(status=0xA701), 4, 0xA701),
        (OriginManners(repeats=2), 8, 0),
        (OriginManners(surplus=made(2, first=50)), 6, 0),
        (OriginManners(counts=Counts.NONE), 4, 0),
        (OriginManners(admission=Admission(grants_roles=False)), 0, 0xB000),
        (OriginManners(admission=Admission(syntaxes=(IMPLICIT,))), 0, 0xB000),
        (OriginManners(breaking=Breaking(How.ABORT, after=2)), 2, None),
        (OriginManners(breaking=Breaking(How.RESET, after=3)), 3, None),
        (OriginManners(breaking=Breaking(How.RESET, after=1, within=True)), 1, None),
    ],
)
def test_it_sends_and_ends_as_its_manners_say(manners: OriginManners, sent: int, last: int | None) -> None:
    with OriginPacs(STUDY, manners) as pacs:
        came, statuses = get(pacs)
    assert (len(came), statuses[-1]) == (sent, last)


def test_what_breaks_once_is_whole_the_second_time() -> None:
    with OriginPacs(STUDY, OriginManners(breaking=Breaking(How.ABORT, after=2, times=1))) as pacs:
        assert [len(get(pacs)[0]) for _ in range(2)] == [2, 4]


def test_a_study_grows_after_the_association_that_first_listed_it() -> None:
    counts = []
    with OriginPacs(STUDY, OriginManners(late=made(1, first=5))) as pacs:
        for _ in range(2):
            with association(pacs) as assoc:
                counts += [len(find(assoc, "IMAGE", StudyInstanceUID=STUDY[0].study)) for _ in range(2)]
    assert counts == [4, 4, 5, 5]


@pytest.mark.parametrize(
    ("admission", "called", "rejection"),
    [
        (Admission(rejects=Rejection.TRANSIENT), "ORIGIN", Rejection.TRANSIENT),
        (Admission(callers=frozenset({"SOMEBODY"})), "ORIGIN", Rejection.CALLING_AE),
        (Admission(most=0), "ORIGIN", Rejection.LIMIT),
        (Admission(), "OTHER", Rejection.CALLED_AE),
    ],
)
def test_it_rejects(admission: Admission, called: str, rejection: Rejection) -> None:
    """Byte by byte: pynetdicom takes a rejection that comes quickly for a connection that was never there."""
    request = units.request(called, "TESTER", (Wish(1, VERIFICATION, (EXPLICIT,)),))
    with (
        OriginPacs(STUDY, OriginManners(admission=admission)) as pacs,
        socket.create_connection((HOST, pacs.port), timeout=5) as caller,
    ):
        caller.sendall(request)
        answer = caller.recv(100)
        assert answer == units.pdu(units.ASSOCIATE_RJ, bytes((0, *rejection.value)))
        assert pacs.rejected == 1


def test_what_it_does_not_offer_is_not_accepted() -> None:
    manners = OriginManners(admission=Admission(services=frozenset({Service.FIND})))
    with OriginPacs(STUDY, manners) as pacs, association(pacs) as assoc:
        accepted = {str(context.abstract_syntax) for context in assoc.accepted_contexts}
        assert accepted == {VERIFICATION, STUDY_FIND, PATIENT_FIND}
