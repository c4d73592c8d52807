from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from konnektor_bench import CARD, CONTEXT, PKI

from ti_adapter.konnektor import Address, InstitutionCard, Konnektor, Transport
from ti_adapter.konnektor.errors import PinRequired
from ti_adapter.konnektor.signing import check_signature

pytestmark = pytest.mark.slow

DIGEST = hashlib.sha256(b"to be signed").digest()


@contextmanager
def started(*options: str | Path, admin_key: str = "key") -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "TI_SIMULATOR_ADMIN_KEY": admin_key}
    command = [sys.executable, "-m", "ti_adapter.simulator.konnektor", *map(str, options)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    path = tmp_path / "trust.pem"
    path.write_bytes(PKI.trust_pem)
    return path


def test_it_serves_a_card_that_signs_once_somebody_has_entered_its_pin_and_ends_with_0_on_sigterm(
    trust: Path, tmp_path: Path
) -> None:
    CARD.save(tmp_path / "card")
    with started("--trust", trust, "--card", tmp_path / "card") as process:
        assert process.stdout
        ready, _, url = process.stdout.readline().strip().partition(" ")
        assert ready == "ready"
        with Transport(Address(f"{url}/", unsafe_clear_text=True)) as transport:
            card = InstitutionCard(Konnektor(transport, CONTEXT))
            with pytest.raises(PinRequired):
                card.external_authenticate(DIGEST)
            httpx.post(f"{url}/switchboard/pins", headers={"x-admin-key": "key"}, trust_env=False).raise_for_status()
            check_signature(card.external_authenticate(DIGEST), DIGEST, CARD.certificate)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0


def test_without_a_key_for_the_switchboard_it_does_not_start(trust: Path) -> None:
    with started("--trust", trust, admin_key="") as process:
        _, complaint = process.communicate(timeout=20)
        assert process.returncode == 2
        assert "TI_SIMULATOR_ADMIN_KEY" in complaint
