"""The commands, one file each. A fault ends a command with one line that names cause, owner and next step."""

from __future__ import annotations

import sys

import typer

from linkexchange import lifeline
from linkexchange.commands import (
    ask,
    audit,
    convert,
    demo,
    digest,
    doctor,
    enrol,
    explain,
    grant_key,
    hub,
    node,
    outbox,
    pacs,
    participant,
    patients,
    policies,
    publish,
    pull,
    pull_switch,
    push,
    relay,
    release_rules,
    releases,
    revoke,
    sign,
    stop,
    validate,
    watch,
)
from linkexchange.errors import Fault

app = typer.Typer(
    help="Brings a study from the PACS where it was made into your PACS, from an entry in the patient's record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("hub")(hub.hub)
app.command("relay")(relay.relay)
app.command("node")(node.node)
app.command("data")(node.data)
app.command("worker")(node.worker)
app.command("web")(node.web)
app.command("notice")(node.notice)
app.command("publish")(publish.publish)
app.command("withdraw")(publish.withdraw)
app.command("find")(pull.find)
app.command("pull")(pull.pull)
app.command("stop")(stop.stop)
app.command("push")(push.push)
app.command("ask")(ask.ask)
app.command("asked")(ask.asked)
app.command("digest")(digest.digest)
app.command("convert")(convert.convert)
app.command("enrol")(enrol.enrol_node)
app.command("sign")(sign.sign)
app.add_typer(watch.app, name="watch")
app.command("validate")(validate.validate)
app.add_typer(outbox.app, name="outbox")
app.add_typer(pacs.app, name="pacs")
app.add_typer(patients.app, name="patients")
app.add_typer(release_rules.app, name="release-rules")
app.add_typer(releases.app, name="releases")
app.add_typer(policies.app, name="policies")
app.add_typer(policies.quotas, name="quotas")
app.add_typer(policies.locks, name="locks")
app.add_typer(pull_switch.app, name="pull-switch")
app.command("explain")(explain.explain)
app.add_typer(participant.app, name="participant")
app.command("grant-key")(grant_key.grant_key)
app.add_typer(revoke.app, name="revoke")
app.add_typer(audit.app, name="audit")
app.add_typer(doctor.app, name="doctor")


def main() -> None:
    """Run a command; 2 means that a setting is wrong, 1 that something else did not work."""
    try:
        app()
    except Fault as fault:
        sys.exit(lifeline.ended_by(fault))
