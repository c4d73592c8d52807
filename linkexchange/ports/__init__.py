"""What the use cases need from the world, as protocols. Adapters implement them; `bootstrap` brings both together."""

from __future__ import annotations

from linkexchange.ports.brake import Brake
from linkexchange.ports.deciding import Account, Admissions, Policies, Quotas, Switches
from linkexchange.ports.enrolment import Certificates, Desk, Enrolments, Listings, Verdict
from linkexchange.ports.hub import Answer, Course, Hub, Receipt, ResolverAccess, ResolverNews, Session, Sessions
from linkexchange.ports.images import (
    CHUNK_MAX_BYTES,
    Archive,
    Delivery,
    Destination,
    ImageSource,
    IncomingInstance,
    OriginNode,
    Reply,
    Room,
    Told,
)
from linkexchange.ports.institution import Card, Insured, InsuredCard, Record, RecordEntry
from linkexchange.ports.keys import ResolverKeys
from linkexchange.ports.node import Node, Pauses
from linkexchange.ports.outbox import Outbox, Spool
from linkexchange.ports.patients import Patients, RuleRows
from linkexchange.ports.registers import Directory, HubLedger, OpenSession, PacsRegistry, Probes, Walks
from linkexchange.ports.release import Candidate, Doubt, Judgement, PatientIndex, ReleaseRules
from linkexchange.ports.releases import OwnRequests, ReleaseDesk, Requests
from linkexchange.ports.revocations import Revocations
from linkexchange.ports.routes import Choice, Routes
from linkexchange.ports.trail import Trail
from linkexchange.ports.transcoding import Transcoded, Transcoder
from linkexchange.ports.transfers import Event, Journal, Links, Progress, Published, Serving, Transfers, Waits
from linkexchange.ports.turns import Turns
from linkexchange.ports.watched import Sighting, StudyQuery, WatchList
from linkexchange.ports.work import Store, UnitOfWork

__all__ = [
    "CHUNK_MAX_BYTES",
    "Account",
    "Admissions",
    "Answer",
    "Archive",
    "Brake",
    "Candidate",
    "Card",
    "Certificates",
    "Choice",
    "Course",
    "Delivery",
    "Desk",
    "Destination",
    "Directory",
    "Doubt",
    "Enrolments",
    "Event",
    "Hub",
    "HubLedger",
    "ImageSource",
    "IncomingInstance",
    "Insured",
    "InsuredCard",
    "Journal",
    "Judgement",
    "Links",
    "Listings",
    "Node",
    "OpenSession",
    "OriginNode",
    "Outbox",
    "OwnRequests",
    "PacsRegistry",
    "PatientIndex",
    "Patients",
    "Pauses",
    "Policies",
    "Probes",
    "Progress",
    "Published",
    "Quotas",
    "Receipt",
    "Record",
    "RecordEntry",
    "ReleaseDesk",
    "ReleaseRules",
    "Reply",
    "Requests",
    "ResolverAccess",
    "ResolverKeys",
    "ResolverNews",
    "Revocations",
    "Room",
    "Routes",
    "RuleRows",
    "Serving",
    "Session",
    "Sessions",
    "Sighting",
    "Spool",
    "Store",
    "StudyQuery",
    "Switches",
    "Told",
    "Trail",
    "Transcoded",
    "Transcoder",
    "Transfers",
    "Turns",
    "UnitOfWork",
    "Verdict",
    "Waits",
    "Walks",
    "WatchList",
]
