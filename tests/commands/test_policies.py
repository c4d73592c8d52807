"""`linkexchange policies`, `quotas`, `locks`, `pull-switch` and `explain` as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import Result
from typer.testing import CliRunner
from world import HOSPITAL, PRACTICE, World

from linkexchange import bootstrap
from linkexchange.commands import app, explain, options, pull_switch
from linkexchange.errors import SettingRefused, UnknownTransfer
from linkexchange.govern import Rulebook
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import HUB
from linkexchange.model.quota import Lock
from linkexchange.model.transfer import State
from linkexchange.store.overview import HubOverview

POLICY = """
combining = "permit-unless-denied"
[[rules]]
name = "no-ct"
effect = "deny"
why = "Beschluss"
modalities = ["CT"]
"""


class _Node:
    telematik_id = str(HOSPITAL)


@pytest.fixture(autouse=True)
def typed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The commands of the hospital's node, and of the hub with --hub."""
    hub = world.resolver.store
    for module in (options, pull_switch):
        monkeypatch.setattr(module, "node_settings", lambda _: _Node())
        monkeypatch.setattr(module, "hub_settings", lambda _: HUB)
    books = {True: Rulebook(HUB, hub), False: Rulebook(HOSPITAL, world.nodes)}
    monkeypatch.setattr(explain, "HubSettings", TelematikId)
    monkeypatch.setattr(bootstrap, "rulebook", lambda it: books[it == HUB])
    monkeypatch.setattr(bootstrap, "database", lambda _: hub)
    monkeypatch.setattr(bootstrap, "node", lambda _: world.hospital)
    monkeypatch.setattr(bootstrap, "now", world.clock)
    monkeypatch.setattr(
        bootstrap,
        "accounts",
        lambda it: HubOverview(hub).accounts if it == HUB else lambda number: _admissions(world, number),  # type: ignore[arg-type]
    )
    return world


def _admissions(world: World, number: UUID) -> Any:
    with world.nodes.work(HOSPITAL) as work:
        return work.admissions.find(number)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=True)


def file(folder: Path, text: str, name: str = "rules.toml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_policy_is_loaded_shown_and_loaded_again(tmp_path: Path) -> None:
    assert run("policies", "load", file(tmp_path, POLICY)).output == "rules: 1, permit-unless-denied\n"
    shown = run("policies", "show").output
    assert json.loads(shown)["rules"][0]["modalities"] == ["ct"]
    assert run("policies", "load", file(tmp_path, shown, "again.json")).output == "rules: 1, permit-unless-denied\n"
    assert json.loads(run("policies", "show", "--hub").output)["rules"] == []


def test_the_hub_says_which_rules_it_leaves_to_the_origins(tmp_path: Path) -> None:
    said = run("policies", "load", "--hub", file(tmp_path, POLICY)).output
    assert said.splitlines()[1].startswith("no-ct: the hub cannot judge it and leaves it to the origins")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("policies", "load"), "[[rules]]\nname = 'one'\neffect = 'no'\n"),
        (("policies", "load"), "[[rules]]\nname = 'one'\neffect = 'deny'\nroles = ['1.2.3']\n"),
        (("policies", "load"), "= ="),
        (("quotas", "load"), "[[quotas]]\nwhose = 'user'\n"),
        (("quotas", "load", "--hub"), "quotas = 1"),
    ],
)
def test_a_wrong_file_changes_nothing(words: tuple[str, ...], text: str, tmp_path: Path) -> None:
    assert isinstance(run(*words, file(tmp_path, text)).exception, SettingRefused)
    assert json.loads(run("policies", "show").output) == {"combining": "permit-unless-denied", "rules": []}
    assert len(json.loads(run("quotas", "show").output)["quotas"]) == 2


def test_quotas_are_loaded_and_shown(tmp_path: Path) -> None:
    shown = json.loads(run("quotas", "show", "--hub").output)
    shown["quotas"] = shown["quotas"][:1]
    assert run("quotas", "load", "--hub", file(tmp_path, json.dumps(shown), "q.json")).output == "quotas: 1\n"
    assert json.loads(run("quotas", "show", "--hub").output) == shown


def test_locks_are_listed_and_lifted(typed: World) -> None:
    lock = Lock(uuid4(), "Dr. Weiß", "user-links-hour", typed.clock())
    with typed.resolver.store.work(PRACTICE) as work:
        work.quotas.lock(lock)
    requester, number, quota, _, user = run("locks", "list", "--hub").output.rstrip().split("\t")
    assert (requester, number, quota, user) == (PRACTICE, str(lock.lock), "user-links-hour", "Dr. Weiß")
    assert run("locks", "lift", "--hub", PRACTICE, number).output == "lifted\n"
    assert run("locks", "lift", "--hub", PRACTICE, number).output == "there is no such lock\n"
    assert isinstance(run("locks", "lift", PRACTICE, "1").exception, SettingRefused)
    assert run("locks", "list").output == ""


def test_a_node_turns_its_switch_here_and_at_the_hub_and_pulls_end_while_sending_goes_on(typed: World) -> None:
    entry = typed.publish()
    assert run("pull-switch", "off", "--basis", "nur Versand").output == "pulls: off\n"
    shown = [line.split("\t") for line in run("pull-switch", "show").output.splitlines()]
    assert [(where, hand, state, basis) for where, hand, state, _, basis in shown] == [
        ("node", "origin", "off", "nur Versand"),
        ("hub", "origin", "off", "nur Versand"),
    ]
    assert typed.pull(entry).reason == "denied: link-not-permitted"
    assert typed.push().state is State.COMPLETE
    assert run("pull-switch", "on").output == "pulls: on\n"
    assert typed.pull(entry).state is State.COMPLETE


def test_the_operator_turns_the_switch_of_one_institution(typed: World) -> None:
    entry = typed.publish()
    words = ("--hub", "--origin", HOSPITAL)
    assert run("pull-switch", "off", "--basis", "§", *words).output == "pulls: off\n"
    assert run("pull-switch", "show", *words).output.split("\t")[:3] == ["hub", "operator", "off"]
    assert run("pull-switch", "on").output == "pulls: on\n"
    assert typed.pull(entry).reason == "denied: link-not-permitted"
    assert isinstance(run("pull-switch", "off", "--basis", "§", "--hub").exception, SettingRefused)


@pytest.mark.parametrize("basis", ["a\nb", "x" * 501])
def test_a_basis_is_one_line(basis: str) -> None:
    assert isinstance(run("pull-switch", "off", "--basis", basis).exception, SettingRefused)


def test_why_was_this_refused(typed: World) -> None:
    entry = typed.publish()
    run("pull-switch", "off", "--basis", "nur Versand", "--hub", "--origin", HOSPITAL)
    denied = typed.pull(entry)
    said = run("explain", str(denied.transfer), "--hub").output
    assert "The rule lets-pull: operator objected with pull-switched-off" in said
    assert "The switch of the operator stood off (nur Versand)." in said
    assert isinstance(run("explain", str(denied.transfer)).exception, UnknownTransfer)


def test_a_node_explains_what_it_has_admitted(typed: World) -> None:
    transfer = typed.pull(typed.publish())
    said = run("explain", str(transfer.transfer)).output
    assert said.startswith("Granted at")
    assert f"{PRACTICE} asked {HOSPITAL} for link {transfer.link}, authority record, purpose TREAT" in said
    assert "Of institution-patients-hour, 0 of 150 were used." in said


def test_a_dry_run_writes_nothing(typed: World, tmp_path: Path) -> None:
    run("policies", "load", file(tmp_path, POLICY))
    words = ("explain", "--dry-run", "--requester", PRACTICE, "--modality", "CT")
    assert run(*words).output == "no-ct\tdeny\tapplies\tBeschluss\ndenied (denied-by-policy) by the rule no-ct\n"
    assert run(*words[:-1], "MR").output.startswith("no-ct\tdeny\tdoes not apply\tBeschluss\nno objection; ")
    at_hub = ("explain", "--dry-run", "--hub", "--requester", PRACTICE, "--origin", HOSPITAL, "--role", "1.2")
    assert run(*at_hub).output == "denied (role-not-permitted): institutions of this kind may not ask for images\n"
    for store, me in ((typed.nodes, HOSPITAL), (typed.resolver.store, PRACTICE)):
        with store.work(me) as work:  # type: ignore[attr-defined]
            assert work.admissions.find(uuid4()) == []
    assert run(*words).output == run(*words).output


@pytest.mark.parametrize("words", [(), ("--dry-run", str(UUID(int=1))), ("x",), ("--dry-run",)])
def test_an_explanation_needs_a_number_or_a_dry_run(words: tuple[str, ...]) -> None:
    assert isinstance(run("explain", *words).exception, SettingRefused)
