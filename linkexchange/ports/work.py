"""One unit of work, and the door to it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from linkexchange.model.audit import Action
from linkexchange.model.identifiers import (
    TelematikId,
)
from linkexchange.model.transfer import Transfer
from linkexchange.ports.balance import Balance
from linkexchange.ports.deciding import Admissions, Policies, Quotas, Switches
from linkexchange.ports.enrolment import Certificates, Enrolments
from linkexchange.ports.keys import ResolverKeys
from linkexchange.ports.outbox import Outbox
from linkexchange.ports.patients import Patients, RuleRows
from linkexchange.ports.registers import Directory, HubLedger, PacsRegistry, Probes, Walks
from linkexchange.ports.releases import OwnRequests, Requests
from linkexchange.ports.revocations import Revocations
from linkexchange.ports.routes import Routes
from linkexchange.ports.trail import Trail
from linkexchange.ports.transfers import Journal, Links, Serving, Transfers
from linkexchange.ports.turns import Turns
from linkexchange.ports.watched import WatchList


class UnitOfWork(Protocol):
    """One transaction on behalf of one participant: state, next job, event and audit entry are committed together.

    What leaves the house leaves after the commit.
    """

    @property
    def transfers(self) -> Transfers:
        """The ledger of transfers."""
        ...

    @property
    def links(self) -> Links:
        """Links of this participant."""
        ...

    @property
    def serving(self) -> Serving:
        """What was served."""
        ...

    @property
    def hub(self) -> HubLedger:
        """The hub's rows."""
        ...

    @property
    def directory(self) -> Directory:
        """Who is in the network."""
        ...

    @property
    def enrolments(self) -> Enrolments:
        """Who wants to be in it."""
        ...

    @property
    def certificates(self) -> Certificates:
        """Certificates of this participant's nodes."""
        ...

    @property
    def pacs(self) -> PacsRegistry:
        """The PACS of this participant."""
        ...

    @property
    def probes(self) -> Probes:
        """What probes of them found out."""
        ...

    @property
    def walks(self) -> Walks:
        """What walks along the chain to the TI have found."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What waits in the outbox."""
        ...

    @property
    def watched(self) -> WatchList:
        """Studies that are watched."""
        ...

    @property
    def patients(self) -> Patients:
        """Who the local patients are."""
        ...

    @property
    def rules(self) -> RuleRows:
        """What may be published."""
        ...

    @property
    def routes(self) -> Routes:
        """By which route the nodes of others are reached."""
        ...

    @property
    def keys(self) -> ResolverKeys:
        """With which keys resolvers sign."""
        ...

    @property
    def revocations(self) -> Revocations:
        """What is revoked."""
        ...

    @property
    def trail(self) -> Trail:
        """The audit chain, and the rows around it."""
        ...

    @property
    def balance(self) -> Balance:
        """What the hub knows of both ends of transfers."""
        ...

    @property
    def turns(self) -> Turns:
        """Who is at which PACS."""
        ...

    @property
    def requests(self) -> Requests:
        """What others want released."""
        ...

    @property
    def own_requests(self) -> OwnRequests:
        """What this participant wants released."""
        ...

    @property
    def policies(self) -> Policies:
        """By what is decided."""
        ...

    @property
    def switches(self) -> Switches:
        """Whether others may pull."""
        ...

    @property
    def quotas(self) -> Quotas:
        """What has been counted, and who is locked."""
        ...

    @property
    def admissions(self) -> Admissions:
        """What this origin has decided."""
        ...

    def audit(self, action: Action, **fields: str | int) -> None:
        """Append to this participant's chain."""
        ...

    def emit(self, topic: str, **body: str | int) -> None:
        """Append to the event stream, and wake whoever listens."""
        ...

    def defer(
        self, job: str, *, queue: str = "", after_seconds: float = 0, once: str = "", line: str = "", **ids: str
    ) -> None:
        """Queue a job by name; arguments are ids only. With `once`, a job that still waits under this key is enough.

        Jobs in one `line` are run one after the other, in the order in which they were queued.
        """
        ...

    def on_behalf_of(self, participant: TelematikId) -> AbstractContextManager[None]:
        """Act for another participant within the same transaction (the hub, between requester and origin)."""
        ...


class Store(Protocol):
    """The door to the database."""

    def work(self, participant: TelematikId) -> AbstractContextManager[UnitOfWork]:
        """Open one unit of work; it commits at the end and rolls back on any exception."""

    def journal(self, run: Transfer, participant: TelematikId) -> AbstractContextManager[Journal]:
        """Open the journal of a run."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
