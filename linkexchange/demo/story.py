"""What the demo shows: publish, look, pull, push, prove. Each step uses what the commands use."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from linkexchange import bootstrap, dataset, documents, publish, pull, push
from linkexchange.demo.images import DemoStudy
from linkexchange.demo.network import Network
from linkexchange.errors import PacsUnavailable, RecordUnavailable
from linkexchange.model.identifiers import LinkId
from linkexchange.model.patient import Patient
from linkexchange.model.transfer import Ask, Authority, Purpose, State, Transfer
from linkexchange.patients import Index
from linkexchange.ports import CHUNK_MAX_BYTES, IncomingInstance, Node
from linkexchange.signing import PROOF_MAX_BYTES, verify
from linkexchange.telematik import Telematik
from linkexchange.watching import account, until_announced, until_ended

_WAIT_SECONDS = 60.0
_PHYSICIAN = "Dr. med. Demo"


def load(network: Network, site: str, studies: Sequence[DemoStudy]) -> None:
    """Send studies into a site's PACS by C-STORE, byte for byte."""
    settings = network.settings(site)
    node = network.node(site)
    with node.store.work(node.me) as work:
        passport = work.pacs.all()[0]
    files = [file for study in studies for file in study.files]
    with bootstrap.destination(settings, passport).deliver(()) as delivery:
        replies = [reply for file in files for reply in delivery.send(_instance(file))]
        replies += delivery.settle()
    if refused := [f"0x{reply.status:04X}" for reply in replies if reply.status] or len(replies) < len(files):
        raise PacsUnavailable(f"not all stored: {refused}")


def _instance(file: Path) -> IncomingInstance:
    content = file.read_bytes()
    pieces = (content[at : at + CHUNK_MAX_BYTES] for at in range(0, len(content), CHUNK_MAX_BYTES))
    meta, chunks = dataset.split_part10(pieces)
    return IncomingInstance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, chunks)


def read_cards(network: Network, site: str, patients: Iterable[Patient], *, show: Console) -> None:
    """Patients put their insurance cards into the terminal of a site: their records open to it."""
    settings, node, terminal = network.settings(site), network.node(site), network.ti.switchboard
    with Telematik(settings, bootstrap.now) as telematik:
        card = telematik.insurance_card()
        for patient in patients:
            terminal.insert_egk(site, patient.kvnr, family=patient.family, given=patient.given)
            until = Index.of(node).admit(card, None, user=_PHYSICIAN)
            terminal.pull_egk(site)
            show.print(f"  {patient.given} {patient.family}: open to {node.name} until {until:%Y-%m-%d}")


def publish_all(network: Network, site: str, studies: Sequence[DemoStudy], *, show: Console) -> None:
    """Put a link to each study into its patient's record."""
    node = network.node(site)
    for study in studies:
        link = publish.publish(node, study.study, pacs=_pacs(node), kvnr=study.patient.kvnr)
        until_announced(node, link)
        show.print(f"  {study.title}: link [cyan]{link}[/]")


def look(network: Network, site: str, study: DemoStudy, *, show: Console) -> str:
    """List what the record has; the newest entry of the study is the answer."""
    node = network.node(site)
    entries = node.record.find(study.patient.kvnr)
    table = Table("entry", "created", "title", box=None, pad_edge=False)
    for entry in entries:
        table.add_row(entry.entry, f"{entry.created:%Y-%m-%d %H:%M}", entry.title)
    show.print(table)
    kvnr = study.patient.kvnr
    links = {entry.entry: documents.read(node.record.retrieve(kvnr, entry.entry)) for entry in entries}
    return next(entry for entry, link in links.items() if link.manifest.study == study.study)


def fetch(network: Network, site: str, study: DemoStudy, *, entry: str, show: Console) -> Transfer:
    """One click on an entry: the study comes into the site's PACS."""
    node = network.node(site)
    ask = Ask(Authority.RECORD, _pacs(node), Purpose.TREATMENT, user=_PHYSICIAN, kvnr=study.patient.kvnr, entry=entry)
    ended = until_ended(node, pull.request(node, ask), show)
    print_proof(node, ended, show=show)
    return ended


def send(network: Network, site: str, receiver: str, *, study: DemoStudy, show: Console) -> Transfer:
    """Study, participant, send: the receiver's node takes the offer up by pulling."""
    sender, taker = network.node(site), network.node(receiver)
    link = push.push(sender, study.study, taker.me, pacs=_pacs(sender))
    ended = until_ended(taker, _taken(taker, link).transfer, show)
    print_proof(taker, ended, show=show)
    return ended


def _taken(node: Node, link: LinkId) -> Transfer:
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        with node.store.work(node.me) as work:
            transfer = work.transfers.of_offer(str(link))
        if transfer:
            return transfer
        time.sleep(0.1)
    raise RecordUnavailable("the offer was not taken up")


def print_proof(node: Node, ended: Transfer, *, show: Console) -> None:
    """The sentence that counts, and the digests behind it."""
    with node.store.work(node.me) as work:
        signed = work.transfers.proof(ended.transfer)
    style = "bold green" if ended.state is State.COMPLETE else "bold red"
    for line in account(node, ended.state, ended.reason, signed=signed):
        show.print(line, style=style)
    if signed:
        show.print(_digests(verify(signed, node.signer.public, max_bytes=PROOF_MAX_BYTES).claims["instances"]))


def _digests(rows: Sequence[dict[str, str]]) -> Table:
    table = Table("SOP instance", "fate", "bytes", "received", "sent", "pixels", "origin", box=None, pad_edge=False)
    for row in rows:
        keys = ("digest_received", "digest_sent", "sha256_pixels", "digest_origin")
        table.add_row(
            "…" + row["sop_instance"][-12:], row["fate"], str(row["bytes"]), *(_short(row[key]) for key in keys)
        )
    return table


def _short(digest: str | None) -> str:
    return digest[:8] if digest else "-"


def _pacs(node: Node) -> str:
    with node.store.work(node.me) as work:
        return work.pacs.all()[0].name


def count(network: Network, *, show: Console) -> None:
    """How often each service of the TI was asked, and each card has signed."""
    state = network.ti.switchboard.state()
    asked = {name: count for name, count in state.requests.items() if count}
    show.print("requests: " + ", ".join(f"{name} {count}" for name, count in asked.items()), soft_wrap=True)
    show.print("signatures: " + ", ".join(f"{name} {count}" for name, count in state.signatures.items()))
