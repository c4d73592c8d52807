"""SIGKILL at each named point of a pull: another worker finishes, nothing is lost or doubled, the proof is true."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Collection
from uuid import UUID

import pytest
from faults.conftest import COUNT, Ground
from faults.dying_worker import FROZEN_LIVING, POINTS

from linkexchange.model.transfer import State

pytestmark = [pytest.mark.peers, pytest.mark.slow]
_ALL = "LINKEXCHANGE_KILLS" in os.environ
"""At each point in `make kills`, at every other one in `make test`."""
KILLED = [point for point in POINTS if "frozen" not in point and "origin" not in point][:: 1 if _ALL else 2]
UNDER_WAY = {"before an answer was written down", "in the middle of an instance"}


def check(ground: Ground, transfer: UUID, *, open_then: Collection[str]) -> None:
    """V1 to V5: sets, bytes, no double but what was under way at the death, the truth, the trail."""
    received = ground.destination.received
    assert set(received) == set(ground.origin_bytes)
    digests = {uid: {hashlib.sha256(content).hexdigest()} for uid, content in ground.origin_bytes.items()}
    assert ground.destination.digests == digests
    assert max(received.values()) <= 2
    assert {uid for uid, times in received.items() if times > 1} <= set(open_then)
    proof = ground.proof(transfer)
    assert (proof["outcome"], proof["stored"], proof["expected"]) == ("complete", COUNT, COUNT)
    for row in proof["instances"]:  # type: ignore[attr-defined]
        assert received[row["sop_instance"]] <= row["attempts"] <= 1 + (row["sop_instance"] in open_then)
    actions = ground.actions(transfer)
    assert actions.count("pull.ended") == 1
    assert actions.index("pull.permitted") < actions.index("pull.begun")


@pytest.mark.parametrize("point", KILLED)
def test_f_01_a_worker_killed_at(ground: Ground, point: str) -> None:
    transfer = ground.request()
    with ground.worker(point) as dying:
        ground.wait(lambda: dying.poll() is not None, f"the death of the worker {point}")
        assert dying.returncode == -signal.SIGKILL
    before, open_then = dict(ground.destination.received), ground.unanswered(transfer)
    assert open_then or point not in UNDER_WAY
    with ground.worker():
        assert ground.wait_until_ended(transfer).state is State.COMPLETE
        ground.wait(lambda: "receipt.sent" in ground.actions(transfer), "the receipt")
    check(ground, transfer, open_then=open_then)
    if point in {"before the proof is committed", "before the receipt"}:
        assert ground.destination.received == before


@pytest.mark.parametrize("point", ["frozen in the middle", "frozen while it writes down", FROZEN_LIVING])
def test_f_03_a_worker_that_was_frozen_and_overtaken_changes_nothing_when_it_wakes(ground: Ground, point: str) -> None:
    transfer = ground.request()
    with ground.worker(point) as frozen:
        ground.wait(lambda: os.waitpid(frozen.pid, os.WUNTRACED | os.WNOHANG)[0], "the freezing of the worker")
        open_then = ground.unanswered(transfer)
        with ground.worker():
            assert ground.wait_until_ended(transfer).state is State.COMPLETE
            ground.wait(lambda: "receipt.sent" in ground.actions(transfer), "the receipt")
            proof, actions = ground.proof(transfer), ground.actions(transfer)
            frozen.send_signal(signal.SIGCONT)
            ground.wait(lambda: "overtaken by another worker" in ground.log, "its noticing")
        assert ground.proof(transfer) == proof
        assert ground.actions(transfer) == actions
    check(ground, transfer, open_then=open_then)


def test_f_01_an_origin_node_killed_in_the_middle_of_an_instance(ground: Ground) -> None:
    transfer = ground.request()
    data = ground.process("hospital", "data")
    with ground.worker("origin killed in the middle"):
        assert ground.wait_until_ended(transfer).state is State.COMPLETE
        # Else the next worker has this receipt to hand in, and one that dies "before the receipt" dies too early.
        ground.wait(lambda: "receipt.sent" in ground.actions(transfer), "the receipt")
    assert ground.process("hospital", "data") != data
    check(ground, transfer, open_then=ground.origin_bytes)
