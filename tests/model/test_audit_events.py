from __future__ import annotations

import re
from pathlib import Path

import pytest
from audit_samples import VALUES, entry
from pydicom.sr._concepts_dict import concepts

from linkexchange.model.audit import Action
from linkexchange.model.audit_events import MEANINGS, Code, Local, Meaning, meaning_of, outcome_of


def test_every_action_is_an_event_or_stays_with_a_reason() -> None:
    assert MEANINGS.keys() == set(Action)
    assert all(it.reason for it in MEANINGS.values() if isinstance(it, Local))


def test_an_action_that_nobody_has_put_into_the_table_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(MEANINGS, Action.TI_WALKED)
    meaning = meaning_of(Action.TI_WALKED)
    assert isinstance(meaning, Meaning)
    assert meaning.event is Code.SECURITY_ALERT


@pytest.mark.parametrize("code", Code)
def test_a_code_has_the_meaning_that_dicom_gives_it(code: Code) -> None:
    known = {number for names in concepts["DCM"].values() for number in names}
    assert code.value in known
    [meaning] = [names[code.value][0] for names in concepts["DCM"].values() if code.value in names]
    assert meaning == code.meaning


@pytest.mark.parametrize(
    ("state", "outcome"), [("complete", "0"), ("partial", "4"), ("stopped", "4"), ("failed", "8")], ids=str
)
def test_the_end_of_a_transfer_is_its_outcome(state: str, outcome: str) -> None:
    assert outcome_of(entry(Action.PULL_ENDED, transfer=VALUES["transfer"], state=state, reason="")) == outcome


def test_what_has_no_state_has_gone_well() -> None:
    assert outcome_of(entry(Action.LINK_WITHDRAWN, link=VALUES["link"])) == "0"


def test_a_refusal_is_a_serious_failure() -> None:
    assert outcome_of(entry(Action.PULL_DENIED, reason="link")) == "8"


def test_the_page_shows_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/audit-export.md").read_text()
    shown = dict(re.findall(r"^\| `([a-z-]+\.[a-z-]+)` \| (.*) \|$", page, re.MULTILINE))
    assert shown == {action.value: _row(meaning) for action, meaning in MEANINGS.items()}


def _row(meaning: Meaning | Local) -> str:
    if isinstance(meaning, Local):
        return f"– | | | {meaning.reason}"
    kind = f"`{meaning.kind.value}` {meaning.kind.meaning}" if meaning.kind else ""
    pattern = f"`{meaning.pattern.removeprefix('IHE.BasicAudit.')}`" if meaning.pattern else ""
    return f"`{meaning.event.value}` {meaning.event.meaning} | {kind} | {meaning.activity} | {pattern}"
