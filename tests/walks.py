"""Scripted walks along the chain to the TI: what a node's `walk` might have found."""

from __future__ import annotations

from datetime import UTC, datetime

from linkexchange.model.readiness import Finding, Readiness, Reason, Step, Verdict

UNTIL = datetime(2026, 12, 5, 12, tzinfo=UTC)
WELL = Readiness(tuple(Finding(step, Verdict.WELL) for step in (Step.KONNEKTOR, Step.CARD, Step.PIN)))
NO_PIN = Readiness(
    (
        Finding(Step.KONNEKTOR, Verdict.WELL),
        Finding(Step.PIN, Verdict.FAILS, Reason.PIN_NOT_VERIFIED, "VERIFIABLE"),
        Finding(Step.CARD_DATES, Verdict.WELL, until=UNTIL),
        Finding(Step.LOGIN, Verdict.UNSEEN, detail="pin", subject="epa-1"),
    )
)
CARD_ENDS = Readiness(
    (Finding(Step.CARD, Verdict.WELL), Finding(Step.CARD_DATES, Verdict.WARNS, Reason.CARD_ENDS_SOON, until=UNTIL))
)
NO_LOGIN = Readiness((Finding(Step.LOGIN, Verdict.FAILS, Reason.LOGIN_REFUSED, "step 5: login-refused", "epa-1"),))
