from __future__ import annotations

import copy
import os
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_vau import CALLER, NOW, ask, asked, handshake, identity

from ti_adapter.simulator.vau import VauServer
from ti_adapter.vau import ChannelEnded, ChannelLimits, ClientChannel, Environment, MessageRefused, Reason
from ti_adapter.vau.codec import Counter, Direction, Lane, open_message, seal_message
from ti_adapter.vau.keys import SecondKeys

pytestmark = pytest.mark.slow

KEYS = SecondKeys(b"", b"c" * 32, b"", b"s" * 32, b"i" * 32)
LANE = Lane(Direction.REQUEST, Environment.NON_PU, b"i" * 32, b"c" * 32)
RESPONSES = Lane(Direction.RESPONSE, Environment.NON_PU, b"i" * 32, b"s" * 32)
PRODUCTION = replace(CALLER, environment=Environment.PU)


def channel(limits: ChannelLimits | None = None) -> ClientChannel:
    return ClientChannel(KEYS, "/VAU/1", CALLER, limits or ChannelLimits(), NOW)


def answer(request: int, encryption: int = 1, lane: Lane = RESPONSES) -> bytes:
    return seal_message(lane, b"HTTP/1.1 200 OK", request=request, encryption=encryption)


@given(st.binary(min_size=1, max_size=2000), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_message_comes_back_as_it_was(plaintext: bytes, request: int, encryption: int) -> None:
    message = seal_message(LANE, plaintext, request=request, encryption=encryption)
    assert open_message(LANE, message) == plaintext
    assert len(message) == 43 + 12 + len(plaintext) + 16


def test_the_header_has_its_43_bytes_and_the_iv_ends_with_the_encryption_counter() -> None:
    message = seal_message(LANE, b"x", request=258, encryption=3)
    assert message[:43] == b"\x02\x00\x01" + bytes(6) + b"\x01\x02" + b"i" * 32
    assert message[47:55] == bytes(7) + b"\x03"


def test_every_flipped_bit_of_a_message_is_refused() -> None:
    message = seal_message(LANE, b"GET / HTTP/1.1\r\n\r\n", request=1, encryption=1)
    for position in range(8 * len(message)):
        changed = bytearray(message)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(MessageRefused):
            open_message(LANE, bytes(changed))


def test_every_message_that_was_cut_off_or_continued_is_refused() -> None:
    message = seal_message(LANE, b"GET / HTTP/1.1\r\n\r\n", request=1, encryption=1)
    for wrong in (*(message[:length] for length in range(len(message))), message + b"\x00"):
        with pytest.raises(MessageRefused):
            open_message(LANE, wrong)


def test_an_empty_message_is_not_sent() -> None:
    with pytest.raises(ValueError, match="empty"):
        channel().seal(b"", NOW)


WRONG = {
    "too short": (answer(1)[:71], 1, Reason.LENGTH),
    "of another version": (b"\x01" + answer(1)[1:], 2, Reason.VERSION),
    "of the production environment": (answer(1, lane=replace(RESPONSES, environment=Environment.PU)), 3, "environment"),
    "the request itself": (answer(1, lane=LANE), 4, Reason.DIRECTION),
    "of another channel": (answer(1, lane=replace(RESPONSES, key_id=b"j" * 32)), 5, Reason.KEY_ID),
    "to another request": (answer(2), 6, Reason.COUNTER),
    "with another key": (answer(1, lane=replace(RESPONSES, key=b"c" * 32)), 7, Reason.TAG),
}


@pytest.mark.parametrize(("response", "step", "reason"), WRONG.values(), ids=WRONG)
def test_a_response_is_refused_at_its_own_step_and_the_right_one_still_opens(
    response: bytes, step: int, reason: Reason
) -> None:
    pending = channel().seal(b"GET", NOW)
    with pytest.raises(MessageRefused) as refused:
        pending.open(response)
    assert (refused.value.step, refused.value.reason) == (step, reason)
    assert pending.open(answer(1)) == b"HTTP/1.1 200 OK"


def test_a_request_gets_one_response_and_a_replayed_one_is_refused() -> None:
    pending = channel().seal(b"GET", NOW)
    pending.open(answer(1))
    for again in (answer(1), answer(1, encryption=2)):
        with pytest.raises(MessageRefused, match="step 8: replayed"):
            pending.open(again)


def test_responses_that_were_swapped_are_refused_though_both_are_authentic() -> None:
    mine = channel()
    first, second = mine.seal(b"one", NOW), mine.seal(b"two", NOW)
    for pending, other in ((first, answer(2)), (second, answer(1))):
        with pytest.raises(MessageRefused, match="step 6: counter"):
            pending.open(other)


def nonces(messages: list[bytes]) -> set[bytes]:
    return {message[47:55] for message in messages}


def test_no_counter_and_no_nonce_is_used_twice_by_any_number_of_threads() -> None:
    mine = channel()
    with ThreadPoolExecutor(8) as threads:
        sent = list(threads.map(lambda _: mine.seal(b"GET", NOW), range(2000)))
    assert {it.counter for it in sent} == set(range(1, 2001))
    assert len(nonces([it.request.body for it in sent])) == 2000


@given(st.lists(st.sampled_from(["ask", "lose", "again", "rekey"]), max_size=25))
@settings(max_examples=40)
def test_no_nonce_is_used_twice_with_a_key_whatever_happens(happens: list[str]) -> None:
    server = VauServer(identity())
    mine = handshake(server)
    used: list[tuple[bytes, bytes]] = []
    for what in happens:
        if what == "rekey":
            mine = handshake(server)
            continue
        pending = mine.seal(b"GET", NOW)
        used.append((pending.request.body[2:3] + pending.request.body[11:43], pending.request.body[47:55]))
        if what != "lose":
            inner = asked(server, pending.request)
            responses = [inner.seal(b"200") for _ in range(2 if what == "again" else 1)]
            used += [(response[2:3] + response[11:43], response[47:55]) for response in responses]
    assert len(set(used)) == len(used)


def test_the_vau_counts_its_own_encryptions_even_where_it_answers_one_request_twice() -> None:
    server = VauServer(identity())
    inner = asked(server, handshake(server).seal(b"GET", NOW).request)
    answers = [inner.seal(b"200") for _ in range(50)]
    assert nonces(answers) == {number.to_bytes(8, "big") for number in range(1, 51)}
    assert {it[3:11] for it in answers} == {(1).to_bytes(8, "big")}


def test_the_random_part_of_the_nonce_is_not_always_the_same() -> None:
    assert len({answer(1)[43:47] for _ in range(50)}) > 40


def test_a_channel_ends_when_its_requests_are_used_up() -> None:
    mine = channel(ChannelLimits(requests=2))
    assert [mine.seal(b"GET", NOW).counter for _ in range(2)] == [1, 2]
    for _ in range(2):
        with pytest.raises(ChannelEnded) as ended:
            mine.seal(b"GET", NOW)
        assert ended.value.reason is Reason.USED_UP


@pytest.mark.parametrize("later", [timedelta(hours=24), timedelta(days=30), timedelta(seconds=-1)])
def test_a_channel_ends_with_its_time_and_where_the_clock_was_set_back(later: timedelta) -> None:
    mine = channel()
    assert mine.is_fresh(NOW + timedelta(hours=23, minutes=59))
    assert not mine.is_fresh(NOW + later)
    with pytest.raises(ChannelEnded) as ended:
        mine.seal(b"GET", NOW + later)
    assert ended.value.reason is Reason.LIFETIME


def test_a_new_handshake_makes_new_keys_under_another_name() -> None:
    server = VauServer(identity())
    first, second = handshake(server), handshake(server)
    assert first.key_id != second.key_id
    ask(server, first, b"old")
    ask(server, second, b"new")


def test_a_process_that_was_forked_cannot_use_the_channel() -> None:
    mine = channel()
    mine.seal(b"GET", NOW)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        child = os.fork()
    if not child:
        try:
            mine.seal(b"GET", NOW)
        except ChannelEnded as ended:
            os._exit(0 if ended.reason is Reason.FORKED else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_counter_cannot_be_copied_and_a_copied_channel_counts_with_the_same_one() -> None:
    for twice in (copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            twice(Counter())
        with pytest.raises(TypeError):
            twice(channel())
    mine = channel()
    other = copy.copy(mine)
    assert [it.seal(b"GET", NOW).counter for it in (mine, other, mine)] == [1, 2, 3]


def test_outside_production_the_keys_go_along_in_the_clear_and_within_it_never() -> None:
    header = "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M= c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M="
    assert channel().seal(b"GET", NOW).request.headers["VAU-nonPU-Tracing"] == header
    production = ClientChannel(KEYS, "/VAU/1", PRODUCTION, ChannelLimits(), NOW).seal(b"GET", NOW)
    assert set(production.request.headers) == {"x-useragent", "Content-Type", "Accept"}
    assert production.request.body[1] == 1


def test_the_pseudonym_goes_along_once_it_is_known() -> None:
    assert "VAU-NP" not in channel().seal(b"GET", NOW).request.headers
    assert channel().seal(b"GET", NOW, pseudonym="ab" * 32).request.headers["VAU-NP"] == "ab" * 32
    with pytest.raises(ValueError, match="pseudonym"):
        channel().seal(b"GET", NOW, pseudonym="A123456789\r\n")


def test_neither_keys_nor_plaintext_nor_headers_show_themselves() -> None:
    pending = channel().seal(b"A123456789", NOW)
    shown = repr((LANE, KEYS, pending, pending.request, replace(CALLER, pseudonym="ab" * 32)))
    assert not any(secret in shown for secret in ("cccc", "ssss", "Y2Nj", "A123456789", "abab"))
