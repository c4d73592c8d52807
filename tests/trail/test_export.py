"""U-04: entries leave the house in order, wait while a receiver is down, come at least once, and stop what is new."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
import wishes
from audit_samples import OBSERVERS
from certificates import Authority
from conftest import Clock
from hub_bench import HubBench, signer
from lxml import etree
from receivers import Feed, Syslog

from linkexchange.errors import AuditSinkUnavailable
from linkexchange.model.audit import HEAD_TYP, Action, AuditEntry, chain, first_bad
from linkexchange.model.identifiers import Sha256, TelematikId
from linkexchange.model.trail import number_of
from linkexchange.signing import verify
from linkexchange.sinks import FeedSink, FileSink, SyslogSink, heads_in
from linkexchange.store.work import Database
from linkexchange.trail.export import Exporter, Sink

ME = TelematikId("1-20012345678")
SIGNER = signer("node")


def write(database: Database, count: int, participant: TelematikId = ME) -> list[AuditEntry]:
    with database.work(participant) as work:
        for number in range(count):
            work.audit(Action.RULES_CHANGED, rules=number, names="x", user="Meier")
    with database.audit_trail(participant) as entries:
        return list(entries)


def exporter(database: Database, clock: Clock, *sinks: Sink, buffer_max: int = 100_000) -> Exporter:
    return Exporter(database, sinks, SIGNER, clock, lambda: [ME], buffer_max)


@dataclass
class Flaky:
    """A receiver in this process; `fails` so many times, `forgets` to answer so many times after it has taken them."""

    name: str = "flaky"
    fails: int = 0
    forgets: int = 0
    taken: list[UUID] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    def deliver(self, participant: TelematikId, entries: Sequence[AuditEntry], head: str) -> None:
        if self.fails:
            self.fails -= 1
            raise AuditSinkUnavailable("flaky: down")
        self.taken += [number_of(it) for it in entries]
        self.heads += [head] if head else []
        if self.forgets:
            self.forgets -= 1
            raise AuditSinkUnavailable("flaky: no answer")


def test_u_04_a_receiver_that_was_down_for_ten_minutes_gets_each_entry_once_and_in_order(
    database: Database, clock: Clock
) -> None:
    down = Flaky(fails=60)
    sending = exporter(database, clock, down)
    for _ in range(60):
        write(database, 1)
        assert sending.go_round() == 0
        clock.advance(seconds=10)
    with database.work(ME) as work:
        [sink] = work.trail.sinks()
    assert (sink.waiting, sink.fault, sink.position) == (60, "flaky: down", 0)
    assert sending.go_round() == 60
    with database.audit_trail(ME) as entries:
        assert down.taken == [number_of(it) for it in entries]
    assert sending.go_round() == 0


def test_u_04_what_comes_twice_has_the_same_number(database: Database, clock: Clock) -> None:
    forgetful = Flaky(forgets=2)
    sending = exporter(database, clock, forgetful)
    whole = write(database, 450)
    while sending.go_round() or len(set(forgetful.taken)) < 450:
        pass
    assert len(forgetful.taken) > 450
    assert list(dict.fromkeys(forgetful.taken)) == [number_of(it) for it in whole]


def test_u_04_one_receiver_that_is_down_keeps_no_other_waiting(database: Database, clock: Clock) -> None:
    down, well = Flaky("down", fails=9), Flaky("well")
    write(database, 3)
    assert exporter(database, clock, down, well).go_round() == 3
    assert len(well.taken) == 3


def test_the_head_behind_the_newest_entry_is_signed(database: Database, clock: Clock) -> None:
    sink = Flaky()
    whole = write(database, 3)
    exporter(database, clock, sink).go_round()
    [head] = sink.heads
    proven = verify(head, SIGNER.public)
    assert proven.typ == HEAD_TYP
    assert proven.claims["heads"] == {str(ME): {"seq": 3, "hash": whole[-1].hash}}


def test_u_04_the_hub_grants_nothing_while_too_many_entries_wait_and_goes_on_by_itself(
    database: Database, clock: Clock
) -> None:
    bench, down = HubBench(database, clock), Flaky(fails=2)
    sending = Exporter(database, [down], SIGNER, clock, lambda: [wishes.PRACTICE], 3)
    session = bench.session()
    write(database, 3, wishes.PRACTICE)
    sending.go_round()
    with pytest.raises(AuditSinkUnavailable, match="flaky"):
        bench.grant(wishes.BY_RECORD, session)
    assert bench.rows("decisions") == []
    sending.go_round()
    sending.go_round()
    assert bench.grant(wishes.BY_RECORD, session)


# --- the real ones ----------------------------------------------------------------------------------------------------


@pytest.fixture
def syslog(tmp_path: Path) -> Iterator[tuple[Syslog, SyslogSink]]:
    ca = Authority(tmp_path)
    with Syslog(ca.node(TelematikId("9-repository")).server_context()) as receiver:
        context = ca.node(ME).client_context()
        yield receiver, SyslogSink(("localhost", receiver.port), context, OBSERVERS[0])


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[tuple[Feed, FeedSink]]:
    ca = Authority(tmp_path)
    with Feed(ca.node(TelematikId("9-repository")).server_context()) as receiver:
        sink = FeedSink(receiver.url, ca.node(ME).client_context(), OBSERVERS[0])
        yield receiver, sink
        sink.close()


_SYSLOG = re.compile(
    rb"<85>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d{3}Z node[.]example linkexchange - (?P<kind>\S+) - (?P<rest>.*)",
    re.DOTALL,
)


def test_u_04_a_syslog_receiver_gets_every_entry_as_a_message_and_a_head(
    database: Database, clock: Clock, syslog: tuple[Syslog, SyslogSink]
) -> None:
    receiver, sink = syslog
    receiver.resets, receiver.slow_seconds = 2, 0.01
    whole = write(database, 30)
    sending = exporter(database, clock, sink)
    assert [sending.go_round() for _ in range(3)] == [0, 0, 30]
    found = [_SYSLOG.fullmatch(it) for it in receiver.messages]
    assert [it["kind"] for it in found if it] == [b"DICOM+RFC3881"] * 30 + [b"linkexchange-head"]
    trees = [etree.fromstring(it["rest"].removeprefix(b"\xef\xbb\xbf")) for it in found[:-1] if it]
    numbers = [it.xpath("//ParticipantObjectDetail[@type='entry']/@value")[0] for it in trees]
    assert len(set(numbers)) == len(whole)


def test_a_syslog_receiver_with_the_certificate_of_another_ca_gets_nothing(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    ours, theirs = Authority(tmp_path), Authority(tmp_path, "other")
    with Syslog(theirs.node(TelematikId("9-repository")).server_context()) as receiver:
        sink = SyslogSink(("localhost", receiver.port), ours.node(ME).client_context(), OBSERVERS[0])
        write(database, 1)
        assert exporter(database, clock, sink).go_round() == 0
    assert receiver.messages == []


def test_u_04_a_fhir_server_gets_every_entry_once_by_its_number_though_an_answer_is_lost(
    database: Database, clock: Clock, feed: tuple[Feed, FeedSink]
) -> None:
    receiver, sink = feed
    receiver.lost = 1
    whole = write(database, 5)
    sending = exporter(database, clock, sink)
    assert [sending.go_round() for _ in range(2)] == [0, 5]
    named = [it["id"] for it in receiver.resources if it["meta"]["tag"][0]["code"] != "trail.head"]
    assert len(named) == 10
    assert list(dict.fromkeys(named)) == [str(number_of(it)) for it in whole]


@pytest.mark.parametrize("how", ["status", "refuses_last"])
def test_a_fhir_server_that_takes_not_all_has_taken_nothing(
    database: Database, clock: Clock, feed: tuple[Feed, FeedSink], how: str
) -> None:
    receiver, sink = feed
    setattr(receiver, how, 503 if how == "status" else True)
    write(database, 2)
    assert exporter(database, clock, sink).go_round() == 0
    with database.work(ME) as work:
        [state] = work.trail.sinks()
    assert state.fault == {"status": "feed: status 503", "refuses_last": "feed: 2 of 3 taken"}[how]


def test_a_receiver_that_is_not_there_is_named(database: Database, clock: Clock, tmp_path: Path) -> None:
    context = Authority(tmp_path).node(ME).client_context()
    sinks: list[Sink] = [SyslogSink(("127.0.0.1", 1), context, OBSERVERS[0])]
    sinks.append(FeedSink("https://127.0.0.1:1", context, OBSERVERS[0]))
    sinks.append(FileSink(tmp_path / "not there"))
    write(database, 1)
    assert exporter(database, clock, *sinks).go_round() == 0
    with database.work(ME) as work:
        faults = {it.name: it.fault for it in work.trail.sinks()}
    assert faults == {
        "feed": "feed: ConnectError",
        "file": "file: No such file or directory",
        "syslog": "syslog: ConnectionRefusedError",
    }


def test_the_file_has_the_chain_and_its_heads_and_nothing_twice(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    write(database, 3)
    exporter(database, clock, FileSink(tmp_path)).go_round()
    whole = write(database, 2)
    FileSink(tmp_path).deliver(ME, whole[:4], "")
    exporter(database, clock, FileSink(tmp_path)).go_round()
    [file] = tmp_path.iterdir()
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [next(iter(it)) for it in rows] == ["entry"] * 3 + ["head", "entry", "entry", "head"]
    again = [_entry(it["entry"]) for it in rows if "entry" in it]
    assert first_bad(again) is None
    assert len(heads_in(tmp_path, ME)) == 2
    assert file.stat().st_mode & 0o777 == 0o600


def _entry(said: dict[str, object]) -> AuditEntry:
    """As an auditor reads it, without the database."""
    before = AuditEntry(ME, int(str(said["seq"])) - 1, clock_of(said), Action.RULES_CHANGED, {}, *_hashes(said))
    fields = said["fields"]
    assert isinstance(fields, dict)
    last = before if before.seq else None
    made = chain(ME, last, action=Action(str(said["action"])), fields=fields, at=clock_of(said))
    assert made.hash == said["hash"]
    return made


def clock_of(said: dict[str, object]) -> datetime:
    return datetime.fromisoformat(str(said["at"]))


def _hashes(said: dict[str, object]) -> tuple[Sha256, Sha256]:
    return Sha256(str(said["previous"])), Sha256(str(said["previous"]))


def test_a_line_that_a_crash_has_cut_short_is_written_again(database: Database, clock: Clock, tmp_path: Path) -> None:
    whole = write(database, 3)
    sink = FileSink(tmp_path)
    sink.deliver(ME, whole[:2], "")
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-40])
    sink.deliver(ME, whole, "head")
    rows = []
    for line in file.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            rows.append({})
    assert [it.get("entry", {}).get("seq", it.get("head")) for it in rows] == [1, None, 2, 3, "head"]
    assert heads_in(tmp_path, ME) == ["head"]


def test_there_is_no_head_where_there_is_no_file(tmp_path: Path) -> None:
    assert heads_in(tmp_path, ME) == []
