"""A network in one process: hub, origin and requester with real use cases and a real database, the rest in memory.

world = World(database_of_hub, database_of_nodes, clock)
entry = world.publish(study)
transfer = world.pull(entry)

The resolver, the ledger, the grants, the decisions and the proofs are the real ones. PACS, record, card and wires are
fakes with switches, so that a test says in one line what goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from threading import Event, Thread
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from desks import OpenDesk
from digests import digest_of
from fake_record import FakeRecord
from mounted_hub import MountedHub
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from linkexchange import publish, pull, push
from linkexchange.attest import AttestedSessions
from linkexchange.documents import envelope
from linkexchange.documents.filing import filed, paged
from linkexchange.errors import (
    CardUnavailable,
    IdentityRefused,
    OriginUnavailable,
    Overtaken,
    PacsUnavailable,
    Revoked,
    TransferInterrupted,
    Unavailable,
    UnknownStudy,
)
from linkexchange.model.findings import Answer, Check, Finding, Findings, Scope
from linkexchange.model.identifiers import (
    AeTitle,
    Kvnr,
    LinkId,
    SeriesUid,
    Sha256,
    SopClassUid,
    SopInstanceUid,
    StudyUid,
    TelematikId,
    TransferSyntaxUid,
)
from linkexchange.model.link import Document
from linkexchange.model.metadata import Filing
from linkexchange.model.participant import Institution, Participant
from linkexchange.model.passport import Passport
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.model.readiness import Readiness
from linkexchange.model.study import Instance, Manifest, Series, StudySummary
from linkexchange.model.transfer import Ask, Authority, Purpose, Transfer
from linkexchange.ports import (
    Brake,
    IncomingInstance,
    Node,
    Pauses,
    Reply,
    Room,
    Sighting,
    StudyQuery,
    Told,
)
from linkexchange.releasing import Counter
from linkexchange.resolve import Caller, Resolver
from linkexchange.serve import Origin
from linkexchange.sessions import Inquiry
from linkexchange.signing import PROOF_MAX_BYTES, Signer, verify
from linkexchange.store.work import Database
from linkexchange.transcoding import TranscodingPool

HOSPITAL, PRACTICE = TelematikId("5-2-hospital"), TelematikId("1-2-practice")
KVNR = Kvnr.with_check_digit("A12345678")
CT = SopClassUid("1.2.840.10008.5.1.4.1.1.2")
EXPLICIT = TransferSyntaxUid("1.2.840.10008.1.2.1")
STUDY = StudyUid("1.2.276.0.7230010.3.1.2.1")
HUB_URL = "https://hub.test"
CODES = envelope.shipped()


def data_set(number: int, **changes: str) -> bytes:
    """One small CT instance of the test patient, Explicit VR Little Endian."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = CT, uid(number)
    ds.PatientName, ds.PatientID = "Müller^Jörg", "4711"
    ds.PatientBirthDate, ds.PatientSex = "19700102", "M"
    other = Dataset()
    other.PatientID, other.IssuerOfPatientID = KVNR, "1.2.276.0.76.4.8"
    ds.OtherPatientIDsSequence = [other]
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, series_of(number)
    ds.InstanceNumber = number
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    ds.add_new(0x7FE00010, "OW", bytes([number % 256]) * 512)
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, ds)
    return bytes(buffer.getvalue())


def uid(number: int) -> SopInstanceUid:
    return SopInstanceUid(f"{STUDY}.9.{number}")


def series_of(number: int) -> SeriesUid:
    """Odd and even instances are two series."""
    return SeriesUid(f"{STUDY}.{number % 2 + 1}")


@dataclass
class FakePacs:
    """A PACS in memory: an archive with switches, and a destination that notes what it gets."""

    passport: Passport
    instances: dict[SopInstanceUid, bytes] = field(default_factory=dict)
    missing: set[SopInstanceUid] = field(default_factory=set)
    down: bool = False
    breaks_after: int | None = None
    silent_after: int | None = None
    unanswered: set[SopInstanceUid] = field(default_factory=set)
    status: Callable[[SopInstanceUid], int] = lambda _: 0
    sent: list[SopInstanceUid] = field(default_factory=list)
    asked: int = 0
    patients: dict[str, PatientHeader] = field(default_factory=dict)
    lists: bool = True
    takes: Collection[TransferSyntaxUid] | None = None
    answers: dict[Check, Answer] = field(default_factory=lambda: {Check.ECHO: Answer.YES})

    def hold(self, *data_sets: bytes, first: int = 1) -> None:
        self.instances.update({uid(number): content for number, content in enumerate(data_sets, start=first)})

    def summary(self, study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        self._answer()
        if study != STUDY or not self.instances:
            raise UnknownStudy
        numbers = [int(it.rpartition(".")[2]) for it in self.instances]
        homes = sorted({series_of(number) for number in numbers})
        series = [
            Series(home, "CT", tuple(Instance(uid(n), CT, n) for n in numbers if series_of(n) == home))
            for home in homes
        ]
        return StudySummary(Manifest(study, tuple(series)), description="Schädel"), PatientHeader()

    def studies(self) -> Sequence[tuple[StudyUid, str]]:
        self._answer()
        return [(STUDY, "Schädel")] if self.instances else []

    def sightings(self, query: StudyQuery) -> Sequence[Sighting]:
        """By Patient ID only: that of the test patient."""
        self._answer()
        there = bool(self.instances) and query.patient == "4711"
        return [Sighting(STUDY, LocalPatientId("4711"), len(self.instances))] if there else []

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        self._answer()
        there = [it for it in self.instances if it in wanted and it not in self.missing]
        for count, it in enumerate(there):
            if count == self.breaks_after:
                raise PacsUnavailable("association aborted")
            yield IncomingInstance(CT, it, EXPLICIT, in_chunks(self.instances[it]))

    def probe(self, scope: Scope) -> Findings:
        checks = [Finding(check, answer, "test") for check, answer in self.answers.items()]
        return Findings(self.passport.name, AeTitle("NODE"), tuple(checks), study=scope.study)

    def holder(self, patient_id: str, *, brake: Brake | None = None) -> PatientHeader | None:
        self._answer()
        return self.patients.get(patient_id)

    def held(self, study: StudyUid, *, brake: Brake | None = None) -> frozenset[SopInstanceUid] | None:
        return frozenset(self.instances) if self.lists else None

    @contextmanager
    def deliver(
        self, sop_classes: Collection[SopClassUid], *, brake: Brake | None = None, room: Room | None = None
    ) -> Iterator[FakePacs]:
        self._answer()
        self.brake = brake or Brake()
        yield self

    def syntaxes(self, sop_class: SopClassUid) -> Collection[TransferSyntaxUid] | None:
        return self.takes

    def send(self, instance: IncomingInstance) -> Sequence[Reply]:
        content = b"".join(instance.chunks)
        self._answer()
        if len(self.sent) == self.silent_after:
            self._say_nothing()
        self.sent.append(instance.sop_instance)
        status = self.status(instance.sop_instance)
        if status in (0, 0xB000):
            self.instances[instance.sop_instance] = content
        return [] if instance.sop_instance in self.unanswered else [Reply(instance.sop_instance, status)]

    def settle(self) -> Sequence[Reply]:
        return []

    def _say_nothing(self) -> None:
        """Hold the line until somebody pulls the brake."""
        ended = Event()
        with self.brake.stops(ended.set):
            ended.wait()
        raise PacsUnavailable("connection ended")

    def _answer(self) -> None:
        self.asked += 1
        if self.down:
            raise PacsUnavailable("association refused")


def in_chunks(content: bytes, size: int = 100) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


@dataclass
class Wire:
    """The way to the origin's node. `calls` counts what arrives there: a refused pull must leave it at 0.

    Cut after so many instances, it stays cut.
    """

    origin: Origin
    caller: Caller
    down: bool = False
    cut_after: int | None = None
    alters: set[SopInstanceUid] = field(default_factory=set)
    calls: int = 0
    carried: int = 0

    def open(self, _: Participant, token: str) -> OpenWire:
        return OpenWire(self, token)


@dataclass
class OpenWire:
    """`ports.OriginNode` over a `Wire`."""

    wire: Wire
    token: str

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        grant = self._admit()
        for instance in self.wire.origin.open(grant, wanted=wanted):
            if self.wire.carried == self.wire.cut_after:
                raise OriginUnavailable("cut")
            self.wire.carried += 1
            if not self.wire.origin.still_valid(grant):
                return
            came: list[bytes] = []
            try:
                came.extend(instance.chunks)
            except Unavailable as broken:  # what has come of it goes on, as over HTTP
                yield replace(instance, chunks=_breaking_off(came, broken.detail))
                raise
            content = b"".join(came)
            self.wire.origin.sent(grant, {instance.sop_instance: Sha256(digest_of(content, instance.transfer_syntax))})
            if instance.sop_instance in self.wire.alters:
                content = content[:-1] + bytes([content[-1] ^ 1])
            yield replace(instance, chunks=in_chunks(content))

    def document(self, link: LinkId) -> Document:
        return self.wire.origin.document(self._admit(), link)

    def told(self, transfer: UUID) -> Told:
        return self.wire.origin.told(transfer, self.wire.caller.telematik_id)

    def _admit(self):  # type: ignore[no-untyped-def]
        self.wire.calls += 1
        if self.wire.down:
            raise OriginUnavailable("connection refused")
        return self.wire.origin.admit(self.token, self.wire.caller.thumbprint)


def _breaking_off(came: Iterable[bytes], why: str) -> Iterator[bytes]:
    yield from came
    raise TransferInterrupted(why)


@dataclass
class FakeCard:
    """Attests by naming the institution; `World.believe` takes its word."""

    me: TelematikId
    pin_verified: bool = True

    def attest(self, *, audience: str, nonce: str, thumbprint: str) -> str:
        if not self.pin_verified:
            raise CardUnavailable(after_seconds=15.0)
        return f"{self.me} {thumbprint} {nonce}"


class World:
    """Hub, hospital (origin) and practice (requester), enrolled and ready."""

    def __init__(self, hub: Database, nodes: Database, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.nodes = nodes
        self.revoked_cards: set[TelematikId] = set()
        self.roles = {HOSPITAL: "1.2.276.0.76.4.53", PRACTICE: "1.2.276.0.76.4.50"}
        self.resolver = Resolver(HUB_URL, _signer("grant-1"), hub, self.believe, clock, Inquiry(self.ask_again))
        self.held: dict[str, tuple[Kvnr, Document, str]] = {}
        self.pacs = {me: FakePacs(_passport(me)) for me in (HOSPITAL, PRACTICE)}
        self.filed: dict[str, Filing] = {}
        self.pages: dict[str, Kvnr] = {}
        self.records = {me: FakeRecord(self.held, self.filed, self.pages, clock) for me in (HOSPITAL, PRACTICE)}
        self.signers = {me: _signer(f"thumbprint-of-{me}".ljust(43, "-")) for me in (HOSPITAL, PRACTICE)}
        self.wires = {me: Wire(self._origin(_other(me)), self.caller(me)) for me in (HOSPITAL, PRACTICE)}
        self.desks = {me: OpenDesk(Counter(_other(me), nodes, clock), self.caller(me)) for me in (HOSPITAL, PRACTICE)}
        self.cards = {me: FakeCard(me) for me in (HOSPITAL, PRACTICE)}
        self.readiness = dict.fromkeys((HOSPITAL, PRACTICE), Readiness())
        self.transcoder = TranscodingPool()
        self.hospital, self.practice = self._node(HOSPITAL), self._node(PRACTICE)
        self._enrol()

    def believe(self, token: str, thumbprint: str, _: datetime) -> tuple[Institution, str]:
        me, *bound, nonce = token.split(" ")
        if " ".join(bound) != thumbprint:
            raise IdentityRefused("binding")
        return Institution(TelematikId(me), self.roles[TelematikId(me)], "test", me.encode()), nonce

    def ask_again(self, certificate: bytes) -> None:
        if certificate.decode() in self.revoked_cards:
            raise Revoked("card")

    def caller(self, me: TelematikId) -> Caller:
        signer = self.signers[me]
        return Caller(me, signer.kid, signer.public)

    @property
    def wire(self) -> Wire:
        """The practice's way to the hospital."""
        return self.wires[PRACTICE]

    def publish(self, *data_sets: bytes) -> str:
        """The hospital holds these instances and publishes them; the entry in the record."""
        self.pacs[HOSPITAL].hold(*(data_sets or [data_set(number) for number in range(1, 5)]))
        link = publish.publish(self.hospital, STUDY, pacs="hospital", kvnr=KVNR)
        publish.announce(self.hospital, link)
        return next(reversed(self.held))

    def ask(self, entry: str, **changes: object) -> UUID:
        """The practice asks for an entry."""
        ask = Ask(Authority.RECORD, "practice", Purpose.TREATMENT, user="Dr. Test", kvnr=KVNR, entry=entry)
        return pull.request(self.practice, replace(ask, **changes))

    def pull(self, entry: str, **changes: object) -> Transfer:
        """Ask, and run the job once."""
        transfer = self.ask(entry, **changes)
        pull.run(self.practice, transfer)
        return self.transfer(transfer)

    @contextmanager
    def at_work(self, transfer: UUID) -> Iterator[None]:
        """A worker has the job for as long as the block lasts, and longer where it is not done yet."""
        worker = Thread(target=self._work, args=(transfer,))
        worker.start()
        try:
            yield
        finally:
            worker.join()

    def _work(self, transfer: UUID) -> None:
        with suppress(Overtaken):
            pull.run(self.practice, transfer)

    def push(self) -> Transfer:
        """The hospital sends its study to the practice, which takes the offer up."""
        link = push.push(self.hospital, STUDY, PRACTICE, pacs="hospital")
        push.offer(self.hospital, link, PRACTICE)
        [transfer] = pull.take_offers(self.practice, "practice")
        pull.run(self.practice, transfer)
        return self.transfer(transfer)

    def transfer(self, transfer: UUID, me: TelematikId = PRACTICE) -> Transfer:
        with self.nodes.work(me) as work:
            return work.transfers.get(transfer)

    def proof(self, transfer: UUID) -> dict[str, object]:
        """The claims of the signed proof."""
        with self.nodes.work(PRACTICE) as work:
            signed = work.transfers.proof(transfer)
        assert signed is not None
        return verify(signed, self.signers[PRACTICE].public, max_bytes=PROOF_MAX_BYTES).claims

    def actions(self, database: Database, me: TelematikId = PRACTICE) -> list[str]:
        """The audit trail of a participant, as names."""
        with database.audit_trail(me) as entries:
            return [entry.action.value for entry in entries]

    def _origin(self, me: TelematikId) -> Origin:
        return Origin(me, self.resolver.signer.public, self.nodes, lambda _: self.pacs[me], self.clock, fresh_seconds=0)

    def _node(self, me: TelematikId) -> Node:
        hub = MountedHub(self.resolver, self.caller(me))
        thumbprint = self.signers[me].kid
        return Node(
            me=me,
            name=me,
            node_url=f"https://{me}.test",
            hub_audience=HUB_URL,
            signer=self.signers[me],
            store=self.nodes,
            record=self.records[me],
            hub=hub,
            sessions=AttestedSessions(hub, self.cards[me], audience=HUB_URL, thumbprint=thumbprint, now=self.clock),
            archive=lambda _: self.pacs[me],
            destination=lambda _: self.pacs[me],
            probe=lambda _, scope: self.pacs[me].probe(scope),
            origin=self.wires[me].open,
            hub_keys=self.resolver.signer.public,
            now=self.clock,
            close=lambda: None,
            transcoder=self.transcoder,
            filing=partial(filed, CODES),
            page=partial(paged, CODES, "urn:uuid:"),
            pauses=Pauses((0.0, 0.0), (0.0,)),
            walk=lambda: self.readiness[me],
            desk=lambda _: self.desks[me],
            sightings=lambda _, query: self.pacs[me].sightings(query),
        )

    def _enrol(self) -> None:
        for me, pacs in self.pacs.items():
            with self.resolver.store.work(me) as work:
                work.directory.put(Participant(me, me, f"https://{me}.test", (pacs.passport.name,)))
            with self.nodes.work(me) as work:
                work.pacs.put(pacs.passport)


def _other(me: TelematikId) -> TelematikId:
    return PRACTICE if me == HOSPITAL else HOSPITAL


def _passport(me: TelematikId) -> Passport:
    return Passport(me.rpartition("-")[2], AeTitle("PACS"), "127.0.0.1", 104, max_associations=2)


def _signer(kid: str) -> Signer:
    return Signer.of(ec.generate_private_key(ec.SECP256R1()), kid)
