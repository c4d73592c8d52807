"""Release: a request without a document → let go by a rule or a person at the origin → an offer.

    ask      requester: write a request down, hand it in at the origin, hear what becomes of it
    desk     origin: take a request in, and tell its requester where it stands
    find     origin: who the patient is here, and which studies are meant
    decide   origin: by rule, by a person, or not
    review   origin: four eyes after an emergency

A release is an offer under the number of its request: the requester's node takes it up by pulling, as any offer.
Described in docs/reference/release-request.md.
"""

from __future__ import annotations

from linkexchange.releasing.ask import ASK_JOB, Wish, ask, go_round, look
from linkexchange.releasing.decide import judge, refuse, release
from linkexchange.releasing.desk import JUDGE_JOB, Counter
from linkexchange.releasing.find import Match, Option, find
from linkexchange.releasing.review import Letting, forget, overdue, review

__all__ = [
    "ASK_JOB",
    "JUDGE_JOB",
    "Counter",
    "Letting",
    "Match",
    "Option",
    "Wish",
    "ask",
    "find",
    "forget",
    "go_round",
    "judge",
    "look",
    "overdue",
    "refuse",
    "release",
    "review",
]
