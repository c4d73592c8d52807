from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from linkexchange.model.identifiers import TelematikId
from linkexchange.relay.meeting import Limits, Meeting

NAMES = [TelematikId(f"1-2-{name}") for name in "abcd"]
A, B, C, D = NAMES
LIMITS = Limits(waiting=2, streams=6)


def test_the_oldest_call_meets_the_oldest_line() -> None:
    meeting: Meeting[str] = Meeting(LIMITS)
    meeting.wait(A, "line 1")
    meeting.wait(A, "line 2")
    meeting.call(B, A, "call 1")
    meeting.call(B, A, "call 2")
    assert meeting.meet(A) == (B, "call 1", "line 1")
    assert meeting.meet(A) == (B, "call 2", "line 2")
    assert meeting.meet(A) is None


def test_a_requester_with_many_calls_keeps_no_other_out() -> None:
    meeting: Meeting[str] = Meeting(LIMITS)
    for number in range(3):
        meeting.call(B, A, f"of b {number}")
    meeting.call(C, A, "of c")
    met = []
    for number in range(4):
        meeting.wait(A, f"line {number}")
        found = meeting.meet(A)
        assert found
        met.append(found[1])
    assert met == ["of b 0", "of c", "of b 1", "of b 2"]


def test_no_participant_has_more_of_anything_than_it_may() -> None:
    meeting: Meeting[str] = Meeting(LIMITS)
    for number in range(LIMITS.waiting):
        assert meeting.may_wait(A)
        meeting.wait(A, f"line {number}")
    assert not meeting.may_wait(A)
    for number in range(LIMITS.pair):
        assert meeting.may_call(B, C)
        meeting.call(B, C, f"call {number}")
    assert not meeting.may_call(B, C)
    assert meeting.may_call(D, C)
    assert meeting.give_up(B, C, "call 0")
    assert meeting.may_call(B, C)


def test_streams_count_for_both_ends() -> None:
    meeting: Meeting[str] = Meeting(LIMITS)
    for number in range(LIMITS.streams):
        requester = (B, C)[number % 2]
        assert meeting.may_call(requester, A)
        meet(meeting, requester, A)
    assert not meeting.may_call(D, A)
    assert not meeting.may_call(A, D)
    assert meeting.may_call(B, D)
    meeting.end(B, A)
    assert meeting.may_call(D, A)


def test_one_requester_leaves_the_half_of_an_origins_streams_to_others() -> None:
    meeting: Meeting[str] = Meeting(LIMITS)
    for _ in range(LIMITS.pair):
        assert meeting.may_call(B, A)
        meet(meeting, B, A)
    assert not meeting.may_call(B, A)
    assert meeting.may_call(C, A)
    assert meeting.may_call(B, D)
    meeting.end(B, A)
    assert meeting.may_call(B, A)


def meet(meeting: Meeting[str], requester: TelematikId, origin: TelematikId) -> None:
    meeting.wait(origin, "line")
    meeting.call(requester, origin, "call")
    assert meeting.meet(origin) == (requester, "call", "line")


class Meetings(RuleBasedStateMachine):
    """Whatever happens in whatever order: everyone is in one place only, and counts are true."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting: Meeting[int] = Meeting(LIMITS)
        self.lines: dict[int, TelematikId] = {}
        self.calls: dict[int, tuple[TelematikId, TelematikId]] = {}
        self.streams: list[tuple[TelematikId, TelematikId]] = []
        self.number = 0

    def _new(self) -> int:
        self.number += 1
        return self.number

    def _match(self, origin: TelematikId) -> None:
        while met := self.meeting.meet(origin):
            requester, call, line = met
            assert self.calls.pop(call) == (requester, origin)
            assert self.lines.pop(line) == origin
            self.streams.append((requester, origin))

    @rule(origin=st.sampled_from(NAMES))
    def wait(self, origin: TelematikId) -> None:
        if self.meeting.may_wait(origin):
            self.meeting.wait(origin, line := self._new())
            self.lines[line] = origin
            self._match(origin)

    @rule(requester=st.sampled_from(NAMES), origin=st.sampled_from(NAMES))
    def call(self, requester: TelematikId, origin: TelematikId) -> None:
        if self.meeting.may_call(requester, origin):
            self.meeting.call(requester, origin, call := self._new())
            self.calls[call] = (requester, origin)
            self._match(origin)

    @precondition(lambda self: self.lines)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        line = data.draw(st.sampled_from(sorted(self.lines)))
        self.meeting.leave(self.lines.pop(line), line)

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(sorted(self.calls)))
        requester, origin = self.calls.pop(call)
        assert self.meeting.give_up(requester, origin, call)
        assert not self.meeting.give_up(requester, origin, call)

    @precondition(lambda self: self.streams)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        stream = data.draw(st.sampled_from(self.streams))
        self.streams.remove(stream)
        self.meeting.end(*stream)

    @invariant()
    def nobody_waits_for_whom_somebody_calls(self) -> None:
        assert not set(self.lines.values()) & {origin for _, origin in self.calls.values()}
        assert {name for name in NAMES if self.meeting.is_awaited(name)} == set(self.lines.values())

    @invariant()
    def limits_hold(self) -> None:
        both = [*self.calls.values(), *self.streams]
        for name in NAMES:
            assert list(self.lines.values()).count(name) <= LIMITS.waiting
            assert sum(name in pair for pair in both) <= LIMITS.streams
            assert all(both.count((name, other)) <= LIMITS.pair for other in NAMES)

    def teardown(self) -> None:
        """When all have gone, nothing is kept of them."""
        for line, origin in self.lines.items():
            self.meeting.leave(origin, line)
        for call, (requester, origin) in self.calls.items():
            self.meeting.give_up(requester, origin, call)
        for stream in self.streams:
            self.meeting.end(*stream)
        assert self.meeting == Meeting(LIMITS)


TestMeetings = Meetings.TestCase
TestMeetings.settings = settings(stateful_step_count=30)
