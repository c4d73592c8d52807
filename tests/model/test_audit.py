from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.audit import (
    CHECKPOINT_TYP,
    GENESIS,
    GRAMMAR,
    HEAD_TYP,
    NUMBERS,
    Action,
    AuditEntry,
    Checkpoint,
    Fields,
    UndeclaredEntry,
    chain,
    check,
    first_bad,
)
from linkexchange.model.identifiers import Sha256, TelematikId

ME, OTHER = TelematikId("1-2-practice"), TelematikId("5-2-hospital")
PAGE = Path(__file__).parents[2] / "docs/reference/audit.md"
BEGIN = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)


def _chain(length: int, participant: TelematikId = ME) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    actions = list(Action)
    for number in range(length):
        entries.append(
            chain(
                participant,
                entries[-1] if entries else None,
                action=actions[number % len(actions)],
                fields={"transfer": f"t{number}", "stored": number},
                at=BEGIN + timedelta(seconds=number),
            )
        )
    return entries


def _set(**change: object) -> Callable[[list[AuditEntry], int], None]:
    def edit(entries: list[AuditEntry], place: int) -> None:
        entries[place] = replace(entries[place], **change)

    return edit


def _act_otherwise(entries: list[AuditEntry], place: int) -> None:
    _set(action=next(action for action in Action if action is not entries[place].action))(entries, place)


def _write_as_text(entries: list[AuditEntry], place: int) -> None:
    _set(fields={**entries[place].fields, "stored": str(place)})(entries, place)


def _delete(entries: list[AuditEntry], place: int) -> None:
    del entries[place]


def _swap(entries: list[AuditEntry], place: int) -> None:
    entries[place], entries[place + 1] = entries[place + 1], entries[place]


def _repeat(entries: list[AuditEntry], place: int) -> None:
    entries.insert(place, entries[place - 1])


def _forge(entries: list[AuditEntry], place: int) -> None:
    """A well-made entry in between: it follows from the one before, but the next does not follow from it."""
    entries.insert(place, chain(ME, entries[place - 1], action=Action.PULL_ENDED, fields={}, at=BEGIN))


CHANGES: dict[str, Callable[[list[AuditEntry], int], None]] = {
    "another action": _act_otherwise,
    "another field": _set(fields={"transfer": "x"}),
    "a number as text": _write_as_text,
    "a field that no entry can hold": _set(fields={"stored": 2**60}),
    "fields that are a list": _set(fields=["x"]),
    "no fields": _set(fields=None),
    "another moment": _set(at=BEGIN - timedelta(seconds=1)),
    "another participant": _set(participant=OTHER),
    "another number": _set(seq=10**6),
    "another hash": _set(hash=Sha256("0" * 64)),
    "another predecessor": _set(previous=Sha256("1" * 64)),
    "deleted": _delete,
    "swapped with the next": _swap,
    "the one before again": _repeat,
}


def test_an_empty_chain_is_good() -> None:
    assert first_bad([]) is None


@given(st.integers(0, 40))
def test_an_untouched_chain_is_good(length: int) -> None:
    assert first_bad(_chain(length)) is None


def test_the_first_entry_follows_from_zeros() -> None:
    (first,) = _chain(1)
    assert (first.seq, first.previous, GENESIS) == (1, GENESIS, "0" * 64)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", [1, 7, 18])
def test_u_01_a_change_is_found_where_it_was_made(change: str, place: int) -> None:
    entries = _chain(20)
    CHANGES[change](entries, place)
    assert first_bad(entries) == place + 1


@given(st.integers(2, 30).flatmap(lambda length: st.tuples(st.just(length), st.integers(1, length - 1))))
def test_u_01_a_forged_entry_is_found_at_the_next_at_the_latest(length_and_place: tuple[int, int]) -> None:
    length, place = length_and_place
    entries = _chain(length)
    _forge(entries, place)
    assert first_bad(entries) == place + 2


def test_u_01_a_thousand_random_changes_of_a_thousand_are_found() -> None:
    random, whole = Random(3), _chain(30)
    unnoticed = []
    for _ in range(1000):
        change, place = random.choice(list(CHANGES)), random.randrange(1, len(whole) - 1)
        entries = list(whole)
        CHANGES[change](entries, place)
        if first_bad(entries) != place + 1:
            unnoticed.append((change, place))
    assert unnoticed == []


def test_u_01_an_entry_that_cannot_be_read_is_the_bad_one() -> None:
    def reading() -> Iterator[AuditEntry]:
        yield from _chain(4)
        raise ValueError("not an Action")

    assert first_bad(reading()) == 5


def test_a_chain_of_two_participants_is_none() -> None:
    mine = _chain(3)
    foreign = _chain(5, OTHER)[3:]
    assert first_bad([*mine, *foreign]) == 4


def test_the_zone_of_a_moment_does_not_matter() -> None:
    there = timezone(timedelta(hours=-2, minutes=-30))
    entries = [replace(entry, at=entry.at.astimezone(there)) for entry in _chain(3)]
    assert first_bad(entries) is None


@pytest.mark.parametrize("action", Action)
def test_an_action_is_a_subject_and_a_verb(action: Action) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)?", action)


def test_a_chain_goes_on_behind_what_was_removed() -> None:
    whole = _chain(5)
    start = _left(whole[1])
    assert first_bad(whole[2:], start) is None
    assert first_bad(whole[3:], start) == 3
    assert first_bad(whole[2:], replace(start, hash=Sha256("0" * 64))) == 3
    assert first_bad([], start) is None


def test_what_is_left_of_removed_entries_is_signed_word_for_word() -> None:
    there = timezone(timedelta(hours=-2, minutes=-30))
    left = replace(_left(_chain(2)[1]), since=BEGIN.astimezone(there), until=BEGIN.astimezone(there))
    assert left.claims() == {
        "participant": "1-2-practice",
        "seq": 2,
        "hash": left.hash,
        "entries": 7,
        "since": "2026-03-01T09:30:00.123456+00:00",
        "until": "2026-03-01T09:30:00.123456+00:00",
    }
    assert {type(value) for value in left.claims().values()} == {str, int}


def _left(entry: AuditEntry) -> Checkpoint:
    return Checkpoint(ME, entry.seq, entry.hash, 7, BEGIN, BEGIN)


def test_an_entry_is_hashed_as_the_page_says() -> None:
    """Two entries, of which the second follows from the first: those of docs/reference/audit.md."""
    [block] = re.findall(r"```json\n(\[.*?\])\n```", PAGE.read_text(), re.DOTALL)
    before: AuditEntry | None = None
    for said in json.loads(block):
        at = datetime.fromisoformat(said["at"])
        before = chain(
            TelematikId(said["participant"]), before, action=Action(said["action"]), fields=said["fields"], at=at
        )
        assert (before.seq, before.previous, before.hash, before.at) == (
            said["seq"],
            said["previous"],
            said["hash"],
            at,
        )


@pytest.mark.parametrize("value", [3.0, True, None, ["x"]], ids=str)
def test_a_value_that_no_field_can_have_is_a_bad_entry_though_its_json_were_the_same(value: object) -> None:
    [first] = _chain(1)
    assert first_bad([replace(first, fields={"stored": value})]) == 1  # type: ignore[dict-item]


def test_what_is_chained_are_plain_texts() -> None:
    [only] = [chain(ME, None, action=Action.NONCE_ISSUED, fields={"link": OTHER, "stored": 2}, at=BEGIN)]
    assert {name: type(value) for name, value in only.fields.items()} == {"link": str, "stored": int}
    assert only.at.tzinfo is UTC


def test_the_types_of_what_is_signed_are_these() -> None:
    assert (CHECKPOINT_TYP, HEAD_TYP) == ("linkexchange-audit-checkpoint+jws", "linkexchange-audit-head+jws")


# --- grammar ----------------------------------------------------------------------------------------------------------


def test_every_action_has_its_fields_declared() -> None:
    assert GRAMMAR.keys() == set(Action)


def test_every_whole_number_is_a_field_of_some_action() -> None:
    assert frozenset().union(*(it.must | it.may for it in GRAMMAR.values())) > NUMBERS


def _entry(action: Action) -> dict[str, str | int]:
    return {name: 3 if name in NUMBERS else "x" for name in GRAMMAR[action].must | GRAMMAR[action].may}


@pytest.mark.parametrize("action", Action)
def test_an_entry_has_what_its_action_must_have_and_may_leave_the_rest_out(action: Action) -> None:
    whole = _entry(action)
    check(action, whole)
    check(action, {name: whole[name] for name in GRAMMAR[action].must})


@pytest.mark.parametrize("action", [action for action in Action if GRAMMAR[action].must])
def test_an_entry_without_a_field_that_it_must_have_is_none(action: Action) -> None:
    missing = min(GRAMMAR[action].must)
    with pytest.raises(UndeclaredEntry, match=rf"{action}: missing \['{missing}'\]"):
        check(action, {name: value for name, value in _entry(action).items() if name != missing})


def test_an_entry_with_a_field_that_nobody_has_declared_is_none() -> None:
    with pytest.raises(UndeclaredEntry, match=r"not declared in GRAMMAR \['name'\]"):
        check(Action.RECEIPT_SENT, {"transfer": "t1", "name": "Muster"})


@pytest.mark.parametrize(("field", "value"), [("transfer", 3), ("stored", "3"), ("stored", True)], ids=str)
def test_a_field_of_another_type_is_none(field: str, value: str | int) -> None:
    with pytest.raises(UndeclaredEntry, match=f"{field} is no"):
        check(Action.PULL_ENDED, {**_entry(Action.PULL_ENDED), field: value})


def test_an_action_that_nobody_has_declared_says_where_that_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(GRAMMAR, Action.NONCE_ISSUED)
    with pytest.raises(UndeclaredEntry, match=r"nonce.issued: declare its fields in GRAMMAR of linkexchange/model"):
        check(Action.NONCE_ISSUED, {})


def _described() -> dict[str, Fields]:
    """The table of the page: action to fields."""
    found = {}
    for row in re.findall(r"^\| (`[a-z]+\.[^|]*) \|[^|]*\| ([^|]*) \|$", PAGE.read_text(), re.MULTILINE):
        must, _, may = (re.findall(r"`(\w+)`", part) for part in row[1].partition("perhaps"))
        found.update(dict.fromkeys(re.findall(r"`([^`]+)`", row[0]), Fields(frozenset(must), frozenset(may))))
    return found


def test_the_page_describes_every_action_with_its_fields() -> None:
    assert _described() == {action.value: fields for action, fields in GRAMMAR.items()}


def test_the_page_names_the_whole_numbers() -> None:
    [sentence] = re.findall(r"missing\. ([^.]*) are whole numbers", PAGE.read_text())
    assert set(re.findall(r"`(\w+)`", sentence)) == NUMBERS
