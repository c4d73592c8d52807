"""Every command explains itself."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from typer.main import get_command

from linkexchange.commands import app

COMMAND = get_command(app)
WORDS = [
    *[
        [name]
        for name in (
            "hub",
            "relay",
            "node",
            "data",
            "worker",
            "web",
            "notice",
            "demo",
            "publish",
            "withdraw",
            "find",
            "pull",
            "stop",
            "push",
            "ask",
            "asked",
            "digest",
            "convert",
            "enrol",
            "sign",
            "grant-key",
            "validate",
            "explain",
        )
    ],
    *[["outbox", name] for name in ("list", "discard")],
    *[["watch", name] for name in ("list", "look", "backfill")],
    *[["patients", name] for name in ("card", "list", "decide", "set", "object", "agree")],
    *[["releases", name] for name in ("list", "show", "release", "refuse", "review", "rules", "load")],
    *[["release-rules", name] for name in ("list", "load", "explain")],
    *[[word, name] for word in ("policies", "quotas") for name in ("show", "load")],
    *[["locks", name] for name in ("list", "lift")],
    *[["pull-switch", name] for name in ("show", "on", "off")],
    *[["pacs", name] for name in ("set", "list", "limit")],
    *[["participant", name] for name in ("applications", "approve", "reject", "revoke", "set")],
    *[["revoke", name] for name in ("institution", "node", "link", "transfer", "lift")],
    *[["doctor", name] for name in ("pacs", "ti")],
    *[["audit", name] for name in ("verify", "head", "state", "export", "reconcile", "patient-list")],
]


def leaves(command: object, path: tuple[str, ...] = ()) -> list[list[str]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return [list(path)]
    return [leaf for name, each in inner.items() for leaf in leaves(each, (*path, name))]


def test_the_list_of_commands_is_complete() -> None:
    assert sorted(leaves(COMMAND)) == sorted(WORDS)


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_help_has_a_sentence_for_the_command_and_for_each_of_its_options(words: list[str]) -> None:
    result = CliRunner().invoke(COMMAND, [*words, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert result.exit_code == 0
    command = COMMAND
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    assert len(command.help or "") > 20
    for parameter in command.params:
        assert parameter.name == "help" or len(getattr(parameter, "help", "") or "") > 10, parameter.name
