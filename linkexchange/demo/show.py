"""The demo from start to end, in a folder that is gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from linkexchange.demo import images, network, pacs, story
from linkexchange.demo.network import Network, Site
from linkexchange.demo.pacs import Kind
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import State

_PREFIX = "linkexchange-demo-"
HOSPITAL, PRACTICE = "klinikum", "praxis"


def run(*, once: bool, browser: bool, kind: Kind, show: Console) -> bool:
    """Show everything; True when both transfers ended complete. Without `once`, stay until Ctrl-C."""
    begun = time.monotonic()
    with _folder() as folder, ExitStack() as stack:
        prepared = images.prepare(folder / "images")
        archives = {name: stack.enter_context(pacs.running(name, folder / name, kind)) for name in _PACS}
        net = stack.enter_context(network.running(folder, _sites(archives)))
        pacs.until_listening(archives.values())
        show.print(f"Network of two participants and a hub, PACS: {kind} ({time.monotonic() - begun:.1f} s)")
        complete = _tell(net, prepared, show=show)
        if not once:
            _stay(net, browser=browser, show=show)
    return complete


_PACS = ("klinikpacs", "praxispacs")


def _sites(archives: dict[str, Passport]) -> list[Site]:
    quick = {"offers_seconds": 0.5, "retry_seconds": 1.0}
    hospital, practice = (archives[name] for name in _PACS)
    return [
        Site(HOSPITAL, "Klinikum am Elbufer", TelematikId("5-2-KHS-0001"), "1.2.276.0.76.4.53", (hospital,), quick),
        Site(PRACTICE, "Praxis am Markt", TelematikId("1-2-PRAXIS-0001"), "1.2.276.0.76.4.50", (practice,), quick),
    ]


def _tell(net: Network, prepared: tuple[images.DemoStudy, ...], *, show: Console) -> bool:
    """The first study is pulled; the last one is pushed the other way; all but that one are published."""
    wanted, published, pushed = prepared[0], prepared[:-1], prepared[-1]
    for patient in {study.patient.kvnr for study in prepared}:
        net.ti.patients.open_record(patient)
    show.rule("Load real DICOM files into both PACS")
    story.load(net, HOSPITAL, published)
    story.load(net, PRACTICE, [pushed])
    show.rule("Read the patients' insurance cards (eGK): their records open")
    story.read_cards(net, HOSPITAL, {it.patient.kvnr: it.patient for it in published}.values(), show=show)
    story.read_cards(net, PRACTICE, [wanted.patient], show=show)
    show.rule("Publish: links into the patients' records")
    story.publish_all(net, HOSPITAL, published, show=show)
    show.rule("Look: what the practice finds in the record")
    entry = story.look(net, PRACTICE, wanted, show=show)
    show.rule("Pull: one click in the practice")
    pulled = story.fetch(net, PRACTICE, wanted, entry=entry, show=show)
    show.rule("Push: the practice sends a study to the hospital")
    sent = story.send(net, PRACTICE, HOSPITAL, study=pushed, show=show)
    show.rule("Telematikinfrastruktur: what the simulated services were asked")
    story.count(net, show=show)
    return pulled.state is sent.state is State.COMPLETE


def _stay(net: Network, *, browser: bool, show: Console) -> None:
    pages = {"hub": net.hub.pages, **{name: node.pages for name, node in net.nodes.items()}}
    show.rule("Pages")
    for name, url in pages.items():
        show.print(f"  {name}: {url}")
        if browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            webbrowser.open(url)
    show.rule("By hand: the commands of a node, in another terminal")
    for name in net.nodes:
        show.print(f"  {name}: export LINKEXCHANGE_SETTINGS_FILE={net.nodes[name].settings_file}", soft_wrap=True)
    show.rule("By hand: what goes wrong in the TI, such as a Konnektor that restarts and forgets the PIN")
    for line in net.ti.by_hand(PRACTICE):
        show.print(f"  {line}", soft_wrap=True)
    show.print("Ctrl-C ends everything and removes it.")
    signal.pause()


@contextmanager
def _folder() -> Iterator[Path]:
    """A fresh folder, private but for passing through; those of killed demos are removed first."""
    _clear_away()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    folder.chmod(0o711)
    (folder / "owner").write_text(str(os.getpid()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _clear_away() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder / "owner"
        if owner.exists() and not Path(f"/proc/{owner.read_text()}").exists():
            shutil.rmtree(folder, ignore_errors=True)
