"""Writes the pages of docs/reference that are made from code; a test holds them up to date.

.venv/bin/python scripts/reference.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import astuple
from pathlib import Path

import annotated_types
from pydantic import AfterValidator, SecretStr
from pydantic.fields import FieldInfo

from linkexchange import errors
from linkexchange.admit import Admission
from linkexchange.errors import Fault, PeerFault, Refused, Unavailable
from linkexchange.model import readiness_english, readiness_german
from linkexchange.model.readiness import Reason, Step, Verdict
from linkexchange.model.readiness_words import OWNERS
from linkexchange.model.transfer import FINAL, TRANSITIONS, State
from linkexchange.problem import problem
from linkexchange.resolve import Resolver
from linkexchange.settings import PREFIX, CommonSettings, HubSettings, NodeSettings
from linkexchange.web import description, enrolment
from linkexchange.web.resolver import application

FOLDER = Path(__file__).parent.parent / "docs/reference"
MADE = "<!-- Made by scripts/reference.py: change the code, then run it. -->"

# --- states -----------------------------------------------------------------------------------------------------------

MEANINGS = {
    State.REQUESTED: "Somebody asked for the study, or an offer was taken up. Nothing has been decided.",
    State.PERMITTED: "The document was just read, or the release stands in its place, and the hub has granted.",
    State.MOVING: "Instances flow from the origin's node into the own PACS.",
    State.WAITING: "It cannot go on now; the reason says why. The queue tries again, and asks for permission anew.",
    State.COMPLETE: "The destination has every instance of the manifest: the sets of UIDs are equal.",
    State.PARTIAL: "The destination has some instances; the proof lists what is missing.",
    State.FAILED: "It did not succeed and is not tried again; the reason says why.",
    State.STOPPED: "Ended before its time, with the reason: what had arrived until then stands in the proof.",
}

STATES = """# States of a transfer

*Reference, for administrators and for developers of pages and interfaces.*

{made}

A transfer is in one of these states. The table is `TRANSITIONS` in `linkexchange/model/transfer.py`; there is no other
way from one state to another, and a test walks every pair.

| state | meaning | may be followed by |
|---|---|---|
{rows}

```mermaid
stateDiagram-v2
    direction LR
    [*] --> requested
{arrows}
```

1. A transfer begins as `requested`, once, and ends in exactly one of the four final states.
2. `moving` is entered only from `permitted`: no byte moves without a grant.
3. `waiting` always names a reason, one of the codes of [errors](errors.md). What waited goes on through `permitted`:
   the document is read again and the hub is asked again.
4. A final state is never left. `complete` is decided by the [proof](proof.md) alone.
5. Whoever works on a transfer first raises its *epoch*; whatever an earlier worker still writes is refused.
"""


def states() -> str:
    """The table of transitions, as a table and as a drawing."""
    arrows = [f"{before} --> {after}" for before in State for after in _in_order(TRANSITIONS[before])]
    ends = [f"{state} --> [*]" for state in _in_order(FINAL)]
    rows = (
        (f"`{state}`", MEANINGS[state], ", ".join(f"`{after}`" for after in _in_order(TRANSITIONS[state])) or "–")
        for state in State
    )
    drawn = "\n".join(f"    {arrow}" for arrow in arrows + ends)
    return STATES.format(made=MADE, rows=_table(rows), arrows=drawn)


def _in_order(some: Iterable[State]) -> list[State]:
    return [state for state in State if state in set(some)]


# --- settings ---------------------------------------------------------------------------------------------------------

SETTINGS = """# Settings

*Reference, for administrators of a node or of the hub.*

{made}

Settings are what a process needs to start. Each stands in the environment under the name in the first column, or in the
TOML file that `LINKEXCHANGE_SETTINGS_FILE` or `--settings` names, there in small letters and without `LINKEXCHANGE_`
(`listen_port = 8443`). The environment wins. They are read once, when a process starts. A wrong value, a key that is
missing and a key that does not exist are refused with the name of the key; the value is never shown. PACS, destinations
and participants are no settings but rows in the database (`linkexchange pacs`, `linkexchange participant`).

## Hub and node

| key | type | default | meaning |
|---|---|---|---|
{common}

## Hub

| key | type | default | meaning |
|---|---|---|---|
{hub}

## Node

| key | type | default | meaning |
|---|---|---|---|
{node}
"""

_BY_CHECK = {
    "hours": "hours",
    "hosts": "hosts",
    "places": "hosts with ports",
    "charset": "character set",
    "codes": "codes profile",
    "ae_title": "AE title",
    "ae_title_or_none": "AE title",
    "ae_titles": "AE titles",
    "confidentiality": "code",
    "bsnr": "BSNR",
    "iknr": "IKNR",
    "oid": "OID",
    "https": "https address",
    "https_or_none": "https address",
    "place_or_none": "host:port",
    "https_list": "https addresses",
    "https_place": "https address",
    "web": "address",
    "web_or_none": "address",
    "context_id": "up to 64 characters",
    "user_agent": "client id/version",
    "loopback": "loopback address",
    "qr_address": "`urn:uuid:` or https address",
    "own_folder": "folder, mode 0700",
    "plain_url": "https address, without query",
    "postgresql": "postgresql URL, secret",
    "private": "file, mode 0600",
    "partners": "Telematik-ID address file",
    "private_files": "files, mode 0600",
    "telematik_id": "Telematik-ID",
}
_NOTHING = (None, "", SecretStr(""))
_BY_TYPE = {
    Path: "path",
    Path | None: "path",
    SecretStr: "text, secret",
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
}
_LIMITS = {annotated_types.Ge: "at least", annotated_types.Gt: "more than", annotated_types.Le: "at most"}


def settings() -> str:
    """Every setting with its type, its default and its docstring."""
    common, hub, node = (kind.model_fields for kind in (CommonSettings, HubSettings, NodeSettings))
    return SETTINGS.format(
        made=MADE,
        common=_table(_setting(*field) for field in common.items()),
        hub=_table(_setting(*field) for field in hub.items() if field[0] not in common),
        node=_table(_setting(*field) for field in node.items() if field[0] not in common),
    )


def _setting(name: str, field: FieldInfo) -> tuple[str, ...]:
    default = "required" if field.is_required() else "–" if field.default in _NOTHING else f"`{field.default}`"
    return f"`{PREFIX}{name.upper()}`", _kind(field), default, field.description or ""


def _kind(field: FieldInfo) -> str:
    checks = [it.func.__name__ for it in field.metadata if isinstance(it, AfterValidator)]
    kind = _BY_CHECK[checks[-1]] if checks else _BY_TYPE[field.annotation]
    limits = [f", {_LIMITS[type(it)]} {astuple(it)[0]}" for it in field.metadata if type(it) in _LIMITS]
    return kind + "".join(limits)


# --- errors -----------------------------------------------------------------------------------------------------------

ERRORS = """# Errors

*Reference, for administrators, and for whoever calls an interface of node or hub.*

{made}

Every error has a code that never changes, a cause, an owner (who has to act) and a next step. Its family says what
happens next. Over HTTP it leaves as problem details (RFC 9457, `application/problem+json`) with the status below:

| member | content |
|---|---|
| `type` | `urn:linkexchange:problem:` and the code |
| `title` | the cause |
| `status` | the HTTP status |
| `code`, `owner`, `next_step` | as below |
| `trace_id` | under which the same event stands in the log |
| `detail` | what exactly, as far as the caller may know it: never patient data, a token or a key |

What is `unavailable` also carries `Retry-After`. An unexpected error is answered with status 500 and no text.
{families}"""

FAMILIES: dict[type[Fault], str] = {
    Refused: "The rules say no. Never tried again, always written into the audit trail.",
    Unavailable: "It does not work now and may work later. The queue tries again.",
    PeerFault: "The other side sent something wrong. Not tried again, reported to the other side.",
}
FAMILY = """
## {name}

{meaning}

| code | HTTP | cause | owner | next step |
|---|---|---|---|---|
{rows}
"""


def errors_page() -> str:
    """Every error of `linkexchange.errors`, family by family."""
    return ERRORS.format(made=MADE, families="".join(_family(*family) for family in FAMILIES.items()))


def _family(family: type[Fault], meaning: str) -> str:
    kinds = [it for it in vars(errors).values() if isinstance(it, type) and issubclass(it, family) and it is not family]
    name = {Refused: "Refused", Unavailable: "Unavailable", PeerFault: "Fault of the other side"}[family]
    return FAMILY.format(name=name, meaning=meaning, rows=_table(_error(kind) for kind in kinds))


def _error(kind: type[Fault]) -> tuple[str, ...]:
    return f"`{kind.code}`", str(problem(kind(), "").status), kind().cause, str(kind.owner), kind.next_step


# --- the chain to the TI ----------------------------------------------------------------------------------------------

LOOKED_AT = {
    Step.KONNEKTOR: "The Konnektor answers, and its service directory can be read.",
    Step.CARD: "GetCards names one card of the institution, or the one that is set, and its certificate can be read.",
    Step.PIN: "GetPinStatus says that PIN.SMC is verified. It is never asked for.",
    Step.CARD_DATES: "The certificate of the card holds tonight, and 30 days more.",
    Step.KONNEKTOR_DATES: "CheckCertificateExpiration: the same of the Konnektor's own certificates.",
    Step.TSL: "The trust list is fetched and proven, holds tonight, and 14 days more.",
    Step.CARD_TRUST: "The certificate of the card is proven against the trust list, and names this node's institution.",
    Step.OCSP: "The OCSP responder says that the certificate of the card is not revoked.",
    Step.IDP: "The discovery document and the keys of the IDP are fetched and proven.",
    Step.INFORMATION: "For each record system: its information service answers, asked for a record that nobody has.",
    Step.VAU: "For each record system: the handshake with its VAU, with all proofs.",
    Step.LOGIN: "For each record system: the login through IDP and channel, unless it is logged in; two signatures.",
}
ENDS = {
    Verdict.WELL: "All is as it has to be.",
    Verdict.WARNS: "It holds tonight, and somebody has to act before it no longer does.",
    Verdict.FAILS: "It would stop a pull tonight.",
    Verdict.UNSEEN: "An earlier step has failed, without which nothing can be said of this one.",
}

READINESS = """# The chain to the TI

*Reference, for administrators of a node, and for whoever reads what a walk has found.*

{made}

`linkexchange doctor ti`, the page *TI* of the node, and a worker every evening walk along what stands between this node
and the patients' records ([what to do](../howto/keep-the-ti-ready.md)). The newest walk is kept and shown. Code:
`linkexchange/model/readiness.py`.

## Steps

In this order. A step that needs one which has failed is *not looked at*. What has failed once for a reason is not told
again of a later step that meets the same.

| step | on the pages | what is looked at |
|---|---|---|
{steps}

| verdict | on the pages | meaning |
|---|---|---|
{verdicts}

## Alarm

What `fails` is an alarm: the [event](events.md) `ti.alarm` goes out when something fails that did not before, and
`ti.well` when nothing does any more. What ends within 24 hours fails, since the next walk may be too late.

## Format

`linkexchange doctor ti --json` prints

| member | type | meaning |
|---|---|---|
| `version` | 1 | of this format |
| `findings` | list | one for each step and record system: the members below |
| `at` | time | when the walk ended |
| `alarm_since` | time or null | since when an alarm stands |
| `needs` | list | what is to be done: `step`, `subject`, `reason`, `owner`; `cause`, `next_step` in `de` and `en` |

| member of a finding | type | meaning |
|---|---|---|
| `step`, `verdict` | text | as above |
| `subject` | text | name of the record system; empty where there are none to tell apart |
| `reason` | text or null | from the list below |
| `detail` | text | codes and numbers of steps; of what was not looked at, the step because of which; no secrets |
| `until` | time or null | how long it holds |

**Rule of change.** Steps, reasons and members may be added, and older readers pass over findings that name one. None
changes its meaning.

## Reasons

| reason | owner | what is wrong, and what to do | auf Deutsch |
|---|---|---|---|
{reasons}
"""


def readiness_page() -> str:
    """Every step, verdict and reason of a walk."""
    steps = ((f"`{it}`", readiness_german.STEPS[it], LOOKED_AT[it]) for it in Step)
    verdicts = ((f"`{it}`", readiness_german.VERDICTS[it], ENDS[it]) for it in Verdict)
    reasons = map(_reason, Reason)
    return READINESS.format(made=MADE, steps=_table(steps), verdicts=_table(verdicts), reasons=_table(reasons))


def _reason(reason: Reason) -> tuple[str, ...]:
    words = (" ".join(table.SENTENCES[reason]) for table in (readiness_english, readiness_german))
    return f"`{reason}`", OWNERS[reason].value, *(text.format(until="*day*", subject="*name*") for text in words)


# --- the hub's interface ----------------------------------------------------------------------------------------------


def openapi_hub() -> str:
    """The OpenAPI document of the hub's interface for nodes."""
    resolver = Resolver("", None, None, None, None)  # type: ignore[arg-type] - nothing is called
    app = application(resolver, admission=Admission(None, None, None, None))  # type: ignore[arg-type]
    return json.dumps(description.document(app), indent=1) + "\n"


def openapi_enrolment() -> str:
    """The OpenAPI document of the hub's desk for nodes that have no certificate yet."""
    app = enrolment.application(Admission(None, None, None, None))  # type: ignore[arg-type] - nothing is called
    return json.dumps(description.document(app, shows_certificate=False), indent=1) + "\n"


# --- all --------------------------------------------------------------------------------------------------------------

PAGES: dict[str, Callable[[], str]] = {
    "states.md": states,
    "settings.md": settings,
    "errors.md": errors_page,
    "readiness.md": readiness_page,
    "openapi-hub.json": openapi_hub,
    "openapi-enrolment.json": openapi_enrolment,
}


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())


if __name__ == "__main__":
    main()
