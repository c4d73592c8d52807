"""One unit of work: one transaction in which state, next job, event and audit entry stand or fall together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import Connection, Engine

from linkexchange.model.audit import Action, AuditEntry
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.link import Document, Link
from linkexchange.model.participant import HUB
from linkexchange.model.transfer import Transfer
from linkexchange.ports import Event
from linkexchange.store import trail
from linkexchange.store.balance import BalanceRows
from linkexchange.store.deciding import AdmissionRows, PolicyRows, QuotaRows, SwitchRows
from linkexchange.store.enrolments import CertificateRows, EnrolmentRows
from linkexchange.store.findings import ProbeRows
from linkexchange.store.hub import DirectoryRows, HubRows
from linkexchange.store.journal import RunJournal, journal
from linkexchange.store.keys import KeyRows
from linkexchange.store.links import LinkRows, PacsRows, ServedRows
from linkexchange.store.outbox import OutboxRows
from linkexchange.store.patients import PatientRows, RuleRows
from linkexchange.store.presence import Presence
from linkexchange.store.releases import AskRows, RequestRows
from linkexchange.store.revocations import RevocationRows
from linkexchange.store.routes import RouteRows
from linkexchange.store.trail_rows import TrailRows
from linkexchange.store.transaction import act_for, transaction
from linkexchange.store.transfers import TransferRows
from linkexchange.store.turns import TurnRows
from linkexchange.store.walks import WalkRows
from linkexchange.store.watched import WatchedRows


class Work:
    """`ports.UnitOfWork` over one connection in one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId, database: Database) -> None:
        self._connection = connection
        self._database = database
        self._act_for(participant)

    def audit(self, action: Action, **fields: str | int) -> None:
        """Append to this participant's chain."""
        now = self._database.now()
        trail.append(self._connection, self._me, action, fields=fields, at=now)

    def emit(self, topic: str, **body: str | int) -> None:
        """Append to the event stream."""
        trail.emit(self._connection, self._me, topic, body=body)

    def defer(
        self, job: str, *, queue: str = "", after_seconds: float = 0, once: str = "", line: str = "", **ids: str
    ) -> None:
        """Queue a job in this very transaction."""
        driver = self._connection.connection.driver_connection
        later = datetime.now(UTC) + timedelta(seconds=after_seconds)
        task = self._database.queue.configure_task(
            job,
            queue=queue or None,
            schedule_at=later if after_seconds else None,
            queueing_lock=once or None,
            lock=line or ids.get("transfer"),
            connection=driver,
        )
        with suppress(AlreadyEnqueued), self._connection.begin_nested():
            task.defer(**ids)

    @contextmanager
    def on_behalf_of(self, participant: TelematikId) -> Iterator[None]:
        """Act for another participant for a while."""
        before = self._me
        if participant == before:
            yield
            return
        self._act_for(participant)
        try:
            yield
        finally:
            self._act_for(before)

    def _act_for(self, participant: TelematikId) -> None:
        self._me = participant
        connection = self._connection
        act_for(connection, participant)
        self.transfers = TransferRows(connection, participant)
        self.links = LinkRows(connection, participant, self._database.read_document)
        self.serving = ServedRows(connection, participant)
        self.hub = HubRows(connection, participant)
        self.directory = DirectoryRows(connection)
        self.enrolments = EnrolmentRows(connection, participant)
        self.certificates = CertificateRows(connection, participant)
        self.pacs = PacsRows(connection, participant)
        self.probes = ProbeRows(connection, participant)
        self.walks = WalkRows(connection, participant)
        self.outbox = OutboxRows(connection, participant)
        self.watched = WatchedRows(connection, participant)
        self.patients = PatientRows(connection, participant)
        self.rules = RuleRows(connection, participant)
        self.routes = RouteRows(connection, participant)
        self.keys = KeyRows(connection, participant)
        self.revocations = RevocationRows(connection, participant)
        self.balance = BalanceRows(connection, participant)
        self.trail = TrailRows(connection, participant)
        self.policies = PolicyRows(connection, participant)
        self.switches = SwitchRows(connection, participant)
        self.quotas = QuotaRows(connection, participant)
        self.admissions = AdmissionRows(connection, participant)
        self.turns = TurnRows(connection, participant, self._database.presence)
        self.requests = RequestRows(connection, participant)
        self.own_requests = AskRows(connection, participant)


class Database:
    """`ports.Store`: the door to one database, for any number of threads."""

    def __init__(
        self, engine: Engine, *, read_document: Callable[[Document], Link], now: Callable[[], datetime]
    ) -> None:
        self.engine = engine
        self.read_document = read_document
        self.now = now
        # Jobs are deferred over the connection of the running transaction; this connector is never opened.
        self.queue = App(connector=PsycopgConnector())
        self.presence = Presence(engine)

    @contextmanager
    def work(self, participant: TelematikId) -> Iterator[Work]:
        """Open one unit of work."""
        with transaction(self.engine) as connection:
            yield Work(connection, participant, self)

    def journal(self, run: Transfer, participant: TelematikId) -> AbstractContextManager[RunJournal]:
        """Open the journal of a run."""
        return journal(self.engine, run, participant)

    def close(self) -> None:
        """Close all connections."""
        self.presence.close()
        self.engine.dispose()

    def events_after(self, participant: TelematikId, event: int) -> list[Event]:
        """Events for a page that resumes."""
        with self._reading(participant) as connection:
            return trail.events_after(connection, event)

    @contextmanager
    def audit_trail(self, participant: TelematikId) -> Iterator[Iterator[AuditEntry]]:
        """The whole chain of a participant, oldest first."""
        with self._reading(participant) as connection, closing(trail.entries(connection, participant)) as entries:
            yield entries

    def audit_head(self, participant: TelematikId) -> AuditEntry | None:
        """The newest entry."""
        with self._reading(participant) as connection:
            return trail.last(connection, participant)

    def participants(self) -> list[TelematikId]:
        """Everyone who is or was in the directory, and last the hub's own chain where there is one."""
        with transaction(self.engine) as connection:
            known = [row.telematik_id for row in DirectoryRows(connection).ever()]
        return [*known, HUB] if self.audit_head(HUB) else known

    @contextmanager
    def _reading(self, participant: TelematikId) -> Iterator[Connection]:
        with transaction(self.engine) as connection:
            act_for(connection, participant)
            yield connection
