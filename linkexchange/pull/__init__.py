"""A pull: link → transfer → proof, as the steps of design section 4.

`request` is asked by a person, a system or an offer; `run` is the job that does it, safe to run twice; `stop` ends it
before its time; `receipt` tells the hub. What a run may do, and in which order:

1. Claim: the epoch is raised, and every write of an earlier run is refused from here on.
2. Authority: the link document is read from the record **now**, or the offer stands in its place.
3. Permission: a signed request, a decision, a grant.
4. Move: instance by instance, as it comes; what is missing is asked for again, with a new grant.
5. Prove: every instance of the manifest with its fate; signed, and kept together with the final state.
"""

from __future__ import annotations

from linkexchange.pull.begin import JOB, QUEUES, again, request, resume, take_offers
from linkexchange.pull.finish import RECEIPT_JOB, give_up, receipt
from linkexchange.pull.run import run
from linkexchange.pull.stopping import stop

__all__ = [
    "JOB",
    "QUEUES",
    "RECEIPT_JOB",
    "again",
    "give_up",
    "receipt",
    "request",
    "resume",
    "run",
    "stop",
    "take_offers",
]
