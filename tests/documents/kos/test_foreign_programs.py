from __future__ import annotations

import subprocess
from pathlib import Path

import peers
import pytest
from kos_samples import GOOD
from link_samples import HINT

from linkexchange.documents import kos
from linkexchange.documents.kos import Flavour

pytestmark = pytest.mark.peers


@pytest.fixture(params=Flavour)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Flavour, Path]:
    file = tmp_path / "manifest.dcm"
    file.write_bytes(kos.write(GOOD, request.param, node_url_hint=HINT))
    return request.param, file


def test_dcmdump_reads_it_without_a_warning(written: tuple[Flavour, Path]) -> None:
    peers.require("dcmdump")
    done = subprocess.run(["dcmdump", "+E", written[1]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Key Object" in done.stdout or "KeyObject" in done.stdout


def test_dsrdump_accepts_the_document(written: tuple[Flavour, Path]) -> None:
    """MADO's library is not in the relationships that DCMTK 3.6 knows of this class, so their check is off for it."""
    peers.require("dsrdump")
    options = [] if written[0] is Flavour.XDS_I else ["--ignore-constraints"]
    done = subprocess.run(["dsrdump", *options, written[1]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "E: " not in done.stderr
    assert done.stdout.count("IMAGE:") == len(GOOD.manifest.uids) * (1 if written[0] is Flavour.XDS_I else 2)


def test_orthanc_takes_it_and_gives_it_back(written: tuple[Flavour, Path]) -> None:
    with peers.Orthanc() as orthanc:
        orthanc.upload([written[1]])
        (content,) = orthanc.part10().values()
    assert kos.link_of(kos.read(content)) == kos.held(GOOD, written[0])
