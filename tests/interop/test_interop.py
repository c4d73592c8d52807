"""The product's own bulk DIMSE with other makers' implementations, in clear text and over TLS, to the byte.

What each of them changes of its own accord is in `reencoding`; whatever is not listed there must be as it was.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certificates
import peers
import pytest
import reencoding
import scp
import shipped
from interop import dcmjs
from interop.secured import Pynetdicom, SecuredOrthanc, SecuredStoreScp, running
from peers.server import ENVIRONMENT

from linkexchange.dataset import part10_head, split_part10
from linkexchange.dicom import CGetArchive, StoreDestination, Timeouts
from linkexchange.dicom.bulk import Association
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import AeTitle, SopClassUid, SopInstanceUid, TelematikId, TransferSyntaxUid
from linkexchange.model.passport import Passport
from linkexchange.ports import IncomingInstance

pytestmark = [pytest.mark.peers, pytest.mark.slow]

NODE = AeTitle("NODE")
TIMEOUTS = Timeouts(10, 20, 30)
STUDY = shipped.study(shipped.PLAIN + shipped.COMPRESSED + shipped.UNUSUAL, copies=1)
# dcmjs-dimse reads no Explicit VR Big Endian, and no deflated data set.
FOR_DCMJS = shipped.study((*shipped.PLAIN, *shipped.COMPRESSED, "test-SR.dcm"), copies=2)
BY_ORTHANC = {reencoding.LENGTHS, reencoding.PIXEL_VR, reencoding.DEFLATED_AGAIN, reencoding.PADDING}
BY_PYDICOM = {reencoding.LENGTHS, reencoding.PIXEL_VR, reencoding.PADDING, reencoding.DEFLATED_AGAIN}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> certificates.Authority:
    return certificates.Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def ours(authority: certificates.Authority) -> certificates.NodeCertificate:
    return authority.node(TelematikId("5-2-123456789"))


@pytest.fixture(scope="module")
def theirs(authority: certificates.Authority) -> certificates.NodeCertificate:
    return authority.node(TelematikId("5-2-987654321"))


def incoming(part10: bytes) -> IncomingInstance:
    meta, chunks = split_part10([part10])
    return IncomingInstance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, chunks)


def send(passport: Passport, study: shipped.Study, ours: certificates.NodeCertificate | None = None) -> None:
    """All of a study by C-STORE; every answer is success."""
    context = ours.client_context() if ours else None
    destination = StoreDestination(passport, calling_ae=NODE, timeouts=TIMEOUTS, tls=context)
    with destination.deliver(study.manifest.sop_classes) as way:
        replies = [it for file in study.part10.values() for it in way.send(incoming(file))] + [*way.settle()]
    assert {it.sop_instance: it.status for it in replies} == dict.fromkeys(study.part10, 0)


def fetch(
    passport: Passport, study: shipped.Study, ours: certificates.NodeCertificate | None = None
) -> dict[str, bytes]:
    """All of a study by C-GET, as DICOM files."""
    context = ours.client_context() if ours else None
    archive = CGetArchive(passport, calling_ae=NODE, timeouts=TIMEOUTS, tls=context)
    return {
        str(one.sop_instance): part10_head(one.sop_class, one.sop_instance, one.transfer_syntax) + b"".join(one.chunks)
        for one in archive.retrieve(study.manifest, study.manifest.uids)
    }


def changes(before: dict[Any, bytes], after: dict[str, bytes]) -> frozenset[str]:
    """What is different between files of the same instances."""
    assert after.keys() == before.keys()
    return frozenset[str]().union(*(reencoding.explained(before[uid], after[uid]) for uid in before))


def data_sets(part10: dict[str, bytes]) -> dict[str, bytes]:
    return {uid: peers.data_set(file) for uid, file in part10.items()}


@pytest.mark.parametrize("kind", [peers.StoreScp, peers.Dcmqrscp, Pynetdicom])
def test_what_is_sent_arrives_to_the_byte(kind: Callable[[], Any]) -> None:
    with kind() as pacs:
        send(pacs.passport(), STUDY)
        assert pacs.files() == STUDY.data_sets


def test_what_is_sent_to_dcmjs_arrives_to_the_byte() -> None:
    with dcmjs.Dcmjs() as pacs:
        send(pacs.passport(), STUDY)
        assert pacs.files() == STUDY.data_sets


def test_orthanc_changes_of_what_is_sent_only_what_is_written_down() -> None:
    with peers.Orthanc() as pacs:
        send(pacs.passport(), STUDY)
        assert changes(STUDY.part10, pacs.part10()) <= BY_ORTHANC


@pytest.mark.parametrize("kind", [SecuredStoreScp, Pynetdicom, dcmjs.Dcmjs])
def test_what_is_sent_over_tls_arrives_to_the_byte(
    kind: Callable[[certificates.NodeCertificate], Any],
    ours: certificates.NodeCertificate,
    theirs: certificates.NodeCertificate,
) -> None:
    with running(kind(theirs)) as (pacs, passport):
        send(passport, STUDY, ours)
        assert pacs.files() == STUDY.data_sets


def test_orthanc_over_tls_changes_of_what_is_sent_only_what_is_written_down(
    ours: certificates.NodeCertificate, theirs: certificates.NodeCertificate
) -> None:
    with running(SecuredOrthanc(theirs)) as (pacs, passport):
        send(passport, STUDY, ours)
        assert changes(STUDY.part10, pacs.part10()) <= BY_ORTHANC


@pytest.mark.parametrize("kind", [SecuredStoreScp, SecuredOrthanc, Pynetdicom, dcmjs.Dcmjs])
def test_n_03_none_of_them_is_spoken_to_in_clear_text_or_under_a_strangers_certificate(
    kind: Callable[[certificates.NodeCertificate], Any],
    ours: certificates.NodeCertificate,
    tmp_path: Path,
) -> None:
    stranger = certificates.Authority(tmp_path, "other").node(TelematikId("5-2-987654321"))
    with running(kind(stranger)) as (pacs, passport):
        with pytest.raises(PacsUnavailable, match="TLS"):
            send(passport, STUDY, ours)
        with pytest.raises(PacsUnavailable):
            send(pacs.passport(), STUDY)


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (peers.Orthanc, BY_ORTHANC),
        (peers.Dcmqrscp, BY_ORTHANC | {reencoding.SYNTAX}),
        (Pynetdicom, BY_PYDICOM),
    ],
)
def test_of_what_is_fetched_only_that_is_changed_which_is_written_down(
    kind: Callable[[], Any], allowed: frozenset[str]
) -> None:
    with kind() as pacs:
        pacs.upload(STUDY.part10.values())
        assert changes(STUDY.part10, fetch(pacs.passport(), STUDY)) <= allowed


@pytest.mark.parametrize(("kind", "allowed"), [(SecuredOrthanc, BY_ORTHANC), (Pynetdicom, BY_PYDICOM)])
def test_of_what_is_fetched_over_tls_only_that_is_changed_which_is_written_down(
    kind: Callable[[certificates.NodeCertificate], Any],
    allowed: frozenset[str],
    ours: certificates.NodeCertificate,
    theirs: certificates.NodeCertificate,
) -> None:
    with running(kind(theirs)) as (pacs, passport):
        pacs.upload(STUDY.part10.values())
        assert changes(STUDY.part10, fetch(passport, STUDY, ours)) <= allowed


def test_what_dcmjs_sends_on_request_arrives_to_the_byte() -> None:
    with dcmjs.Dcmjs() as pacs:
        pacs.upload(FOR_DCMJS.part10.values())
        came = fetch(pacs.passport(), FOR_DCMJS)
        assert came.keys() == FOR_DCMJS.manifest.uids
        assert data_sets(came) == pacs.sent()


def test_what_dcmjs_sends_on_request_over_tls_arrives_to_the_byte(
    ours: certificates.NodeCertificate, theirs: certificates.NodeCertificate
) -> None:
    with running(dcmjs.Dcmjs(theirs)) as (pacs, passport):
        pacs.upload(FOR_DCMJS.part10.values())
        came = fetch(passport, FOR_DCMJS, ours)
        assert came.keys() == FOR_DCMJS.manifest.uids
        assert data_sets(came) == pacs.sent()


class Kept:
    """What comes in by C-STORE, at our end of the wire, as DICOM files."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def __call__(self, association: Association) -> None:
        while True:
            context, request = association.receive()
            head = part10_head(
                SopClassUid(request.sop_class),
                SopInstanceUid(request.sop_instance),
                TransferSyntaxUid(context.transfer_syntax),
            )
            self.files[request.sop_instance] = head + b"".join(association.data())
            scp.answer(association, request)


def written(study: shipped.Study, folder: Path) -> list[Path]:
    paths = [folder / f"{number}.dcm" for number in range(len(study.part10))]
    for path, content in zip(paths, study.part10.values(), strict=True):
        path.write_bytes(content)
    return paths


def storescu(passport: Passport, files: list[Path], *options: str) -> None:
    peers.require("storescu")
    to = ["-aec", str(passport.ae_title), passport.host, str(passport.port)]
    command = ["storescu", "--required", *options, *to, *map(str, files)]
    subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, timeout=60)


PLAIN = shipped.study(shipped.PLAIN)
BY_STORESCU = {reencoding.LENGTHS, reencoding.PADDING, reencoding.SYNTAX}


def test_of_what_storescu_sends_only_that_is_changed_which_is_written_down(tmp_path: Path) -> None:
    kept = Kept()
    with scp.serving(kept) as passport:
        storescu(passport, written(PLAIN, tmp_path))
    assert changes(PLAIN.part10, kept.files) <= BY_STORESCU


def test_of_what_storescu_sends_over_tls_only_that_is_changed_which_is_written_down(
    tmp_path: Path, ours: certificates.NodeCertificate, theirs: certificates.NodeCertificate
) -> None:
    kept = Kept()
    context = ours.server_context()
    shown = ("+tls", str(theirs.key), str(theirs.certificate), "+cf", str(theirs.ca))
    with scp.serving(kept, tls=context) as passport:
        storescu(passport, written(PLAIN, tmp_path), *shown)
    assert changes(PLAIN.part10, kept.files) <= BY_STORESCU


def test_what_dcmjs_sends_is_received_to_the_byte(tmp_path: Path) -> None:
    kept = Kept()
    with scp.serving(kept) as passport:
        answers = dcmjs.send(str(passport.ae_title), passport.port, written(FOR_DCMJS, tmp_path))
    digests = {uid: hashlib.sha256(content).hexdigest() for uid, content in data_sets(kept.files).items()}
    assert kept.files.keys() == FOR_DCMJS.manifest.uids
    assert answers == {uid: (0, digest) for uid, digest in digests.items()}
