"""Requests for a release, and who says no to them."""

from __future__ import annotations

from linkexchange.errors.families import Owner, Refused, Unavailable


class RequestIncomplete(Refused):
    """A request for a release lacks something that it must have."""

    code = "request-incomplete"
    owner = Owner.REQUESTER
    next_step = "Name the patient, what is wanted, who asks, and a reason that a person can read; blanks are none."


class UnknownRequest(Refused):
    """No such request for a release."""

    code = "unknown-request"
    owner = Owner.REQUESTER
    next_step = "Check its number: `linkexchange releases list` and `linkexchange asked` name those that are here."


class RequestDecided(Refused):
    """This request has been decided already."""

    code = "request-decided"
    owner = Owner.OWN_NODE
    next_step = "Look at what was decided; a release is taken back by withdrawing its link."


class NotReviewable(Refused):
    """This person may not review this release."""

    code = "not-reviewable"
    owner = Owner.OWN_NODE
    next_step = "Have another person of the institution review it: two are needed, and neither has asked for it."


class RequestsFull(Unavailable):
    """The origin has as many open requests of this institution as it takes."""

    code = "requests-full"
    owner = Owner.ORIGIN
    next_step = "Wait until the origin has decided about some of them, or call there."
