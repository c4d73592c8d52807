"""What RIS and PACS say at the ports of a node is published, and a study in the wrong record moves to the right one.

Orthanc, the processes of the node, PostgreSQL, HL7 and DICOM over sockets: nothing is simulated but the TI. No PACS is
polled here: what is published was said at one of the ports.
"""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import notifying
import pytest
import synthetic
from admitting import KVNR_OID, adt, mrg, pid
from certificates import Authority
from journeys import house
from journeys.house import ISSUER, NAMED, Clinic

from linkexchange import household, lifeline, tls
from linkexchange.demo.free_ports import HOST, free_port, listens
from linkexchange.model.identifiers import Kvnr, StudyUid, TelematikId
from linkexchange.model.link import LinkStatus

pytestmark = [pytest.mark.peers, pytest.mark.slow]

NODE = "LINKEXCHANGE"
CORRECTING = ["A08", "A31"]
INSURED = [Kvnr.with_check_digit(f"B{number:08}") for number in range(2 + 2 * len(CORRECTING))]


@pytest.fixture(scope="module")
def clinic() -> Iterator[Clinic]:
    """Its node listens; the tests of the process start one more beside it."""
    with house.running([synthetic.KVNR, *INSURED]) as clinic:
        yield clinic


@dataclass(frozen=True)
class Notice:
    """The process, and where it listens."""

    process: subprocess.Popen[bytes]
    hl7_port: int
    ian_port: int


@contextmanager
def notice(clinic: Clinic, **changes: object) -> Iterator[Notice]:
    """`linkexchange notice` with the settings of the node, these changed."""
    hl7_port, ian_port = free_port(), free_port()
    file = settings_file(clinic, hl7_port=hl7_port, ian_port=ian_port, **changes)
    with (clinic.folder / "notice.log").open("ab") as log:
        process = lifeline.spawn(command(file), output=log)
    try:
        clinic.wait(lambda: (listens(hl7_port) and listens(ian_port)) or process.poll() is not None, "the ports")
        assert process.poll() is None, (clinic.folder / "notice.log").read_text()
        yield Notice(process, hl7_port, ian_port)
    finally:
        lifeline.stop(process)


def command(file: Path) -> list[str]:
    return [sys.executable, "-m", "linkexchange", "notice", "--settings", str(file)]


def settings_file(clinic: Clinic, **changes: object) -> Path:
    before = clinic.net.nodes["hospital"].settings_file.read_text().splitlines()
    kept = [line for line in before if line.partition(" = ")[0] not in changes]
    new = [f"{key} = {_toml(value)}" for key, value in changes.items()]
    file = clinic.folder / "hospital" / f"notice-{free_port()}.toml"
    file.write_text("\n".join([*kept, *new]) + "\n")
    return file


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f"'{value}'"


def oru(study: str = "", accession: str = "") -> bytes:
    """A result of imaging that names its study, or its accession number."""
    named = f"ZDS|{study}^RIS^Application^DICOM" if study else "OBR|1" + "|" * 17 + accession
    head = "MSH|^~\\&|RIS|KLINIK|NODE|HAUS|202611300800||ORU^R01|4711|P|2.5"
    return "".join(f"{line}\r" for line in (head, "PID|1||HOSP-77^^^HOSP", named)).encode()


def study_of(number: int) -> StudyUid:
    return StudyUid(f"1.2.276.0.7230010.3.1.2.91.{number}")


def published(clinic: Clinic, study: StudyUid) -> None:
    clinic.wait(lambda: clinic.shows(synthetic.KVNR, study), "the link")


def answered(port: int, message: bytes, context: ssl.SSLContext | None = None) -> str:
    with notifying.sender(port, context) as sender:
        return sender.ask(message)[1][1]


def test_what_ris_and_pacs_say_is_published_even_if_the_process_dies_when_it_has_answered(clinic: Clinic) -> None:
    by_uid, by_accession, by_pacs = (study_of(number) for number in range(3))
    clinic.takes(by_uid)
    clinic.takes(by_accession, accession="A-91")
    clinic.takes(by_pacs)
    with notice(clinic) as it:
        assert answered(it.hl7_port, oru(by_uid)) == "AA"
        assert answered(it.hl7_port, oru(accession="A-91")) == "AA"
        assert notifying.notified(it.ian_port, by_pacs, called=NODE, calling="ORIGIN") == 0
        it.process.kill()
    for study in (by_uid, by_accession, by_pacs):
        published(clinic, study)


def test_over_tls_they_are_heard_with_their_certificates_and_nobody_without(clinic: Clinic, tmp_path: Path) -> None:
    by_ris, by_pacs = study_of(3), study_of(4)
    clinic.takes(by_ris)
    clinic.takes(by_pacs)
    authority = Authority(tmp_path)
    own = authority.node(TelematikId("1-2-ris"))
    context = tls.client_context(own.certificate, own.key, clinic.settings.tls_ca)
    ca = authority.certificate
    with notice(clinic, ian_tls=True, hl7_tls=True, pacs_ca=ca, hl7_ca=ca) as it:
        assert notifying.notified(it.ian_port, by_pacs, called=NODE, calling="ORIGIN") is None
        assert answered(it.hl7_port, oru(by_ris), context) == "AA"
        assert notifying.notified(it.ian_port, by_pacs, called=NODE, calling="ORIGIN", context=context) == 0
    for study in (by_ris, by_pacs):
        published(clinic, study)


def test_sigterm_ends_it_in_time_whoever_is_connected(clinic: Clinic) -> None:
    with notice(clinic) as it, ExitStack() as stack:
        idle, halfway = (stack.enter_context(notifying.sender(it.hl7_port)) for _ in range(2))
        halfway.socket.sendall(b"\x0bMSH|^~\\&|RIS")
        association = stack.enter_context(notifying.associated(it.ian_port, called=NODE, calling="ORIGIN"))
        assert association.is_established
        stack.enter_context(socket.create_connection((HOST, it.ian_port)))
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(timeout=household.PATIENCE_SECONDS) == 0
        assert idle.is_ended()


@pytest.mark.parametrize("key", ["hl7_port", "ian_port"])
def test_a_port_that_is_taken_is_named_and_is_the_administrators_matter(clinic: Clinic, key: str) -> None:
    ports: dict[str, object] = {"hl7_port": free_port(), "ian_port": free_port()}
    with socket.create_server((HOST, int(str(ports[key])))):
        done = subprocess.run(
            command(settings_file(clinic, **ports)), capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 2
    assert f"LINKEXCHANGE_{key.upper()}: cannot listen there" in done.stderr
    assert "Traceback" not in done.stderr


# --- a study in the wrong record --------------------------------------------------------------------------------------


def person(number: str, kvnr: Kvnr) -> str:
    """PID of the one patient, under a number and with a KVNR."""
    return pid(f"{number}^^^KIS&{ISSUER}&ISO^PI", f"{kvnr}^^^&{KVNR_OID}&ISO^NH", **NAMED)


def test_after_a40_the_study_stands_once_in_the_record_of_who_survives_and_is_withdrawn_from_the_other(
    clinic: Clinic,
) -> None:
    study, old, survivor = study_of(90), INSURED[0], INSURED[1]
    assert clinic.hears(adt("A04", [person("4711", old)]), adt("A04", [person("4712", survivor)])) == ["AA", "AA"]
    clinic.takes(study, number="4711")
    assert clinic.hears(oru(study)) == ["AA"]
    clinic.wait(lambda: clinic.shows(old, study), "the link in the old record")
    [first] = clinic.links(old)
    merge = adt("A40", [person("4712", survivor), mrg(f"4711^^^KIS&{ISSUER}&ISO^PI")])
    assert clinic.hears(merge, merge) == ["AA", "AA"]
    moved(clinic, study, old=old, new=survivor)
    [closed], [current] = clinic.links(old), clinic.links(survivor)
    assert (closed.status, closed.replaces, closed.patient.kvnr) == (LinkStatus.CANCELLED, first.link, old)
    assert (current.status, current.replaces, current.patient.kvnr) == (LinkStatus.AVAILABLE, None, survivor)
    assert current.manifest == first.manifest
    assert clinic.at_the_hub(first.link) is LinkStatus.CANCELLED
    assert clinic.at_the_hub(current.link) is LinkStatus.AVAILABLE


@pytest.mark.parametrize("trigger", CORRECTING)
def test_a_corrected_kvnr_moves_the_study_into_the_right_record(clinic: Clinic, trigger: str) -> None:
    at = 2 + 2 * CORRECTING.index(trigger)
    study, wrong, right = study_of(90 + at), INSURED[at], INSURED[at + 1]
    number = f"481{at}"
    assert clinic.hears(adt("A04", [person(number, wrong)])) == ["AA"]
    clinic.takes(study, number=number)
    assert clinic.hears(oru(study)) == ["AA"]
    clinic.wait(lambda: clinic.shows(wrong, study), "the link in the wrong record")
    assert clinic.hears(adt(trigger, [person(number, right)])) == ["AA"]
    moved(clinic, study, old=wrong, new=right)


def moved(clinic: Clinic, study: StudyUid, *, old: Kvnr, new: Kvnr) -> None:
    clinic.wait(lambda: clinic.shows(new, study), "the link in the other record")
    clinic.wait(lambda: clinic.shows(old, study, LinkStatus.CANCELLED), "the withdrawal")
