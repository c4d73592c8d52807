from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import ec

from linkexchange.ports import Session
from linkexchange.secret import Secret
from linkexchange.signing import Signer

CANARY = "canary-5f0a4a77"
SHOWN: dict[str, Callable[[Secret], str]] = {
    "repr": repr,
    "str": str,
    "f-string": lambda secret: f"{secret}",
    "f-string with a width": lambda secret: f"{secret:>40}",
    "f-string with repr": lambda secret: f"{secret!r}",
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - logging does so
    "in a list": lambda secret: str([secret, {"a": secret}]),
    "structlog": lambda secret: str(structlog.processors.JSONRenderer()(None, "", {"field": secret, "in": [secret]})),
    "a session": lambda secret: repr(Session(secret, datetime(2026, 11, 24, tzinfo=UTC))),
    "a session as dictionary": lambda secret: str(asdict(Session(secret, datetime(2026, 11, 24, tzinfo=UTC)))),
    "an exception": lambda secret: repr(ValueError(secret)),
}


@pytest.mark.parametrize("way", SHOWN)
def test_r9_a_secret_is_not_shown_by(way: str) -> None:
    text = SHOWN[way](Secret(CANARY))
    assert CANARY not in text
    assert "Secret" in text


def test_it_is_there_for_who_asks_for_it() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_it_is_written_nowhere() -> None:
    with pytest.raises(TypeError):
        json.dumps(Secret(CANARY))
    with pytest.raises(TypeError):
        pickle.dumps(Secret(CANARY))
    assert not hasattr(Secret(CANARY), "__dict__")


def test_equal_secrets_are_equal_and_nothing_else_is() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert (bool(Secret("a")), bool(Secret(""))) == (True, False)


def test_r9_who_signs_does_not_show_the_key() -> None:
    signer = Signer.of(ec.generate_private_key(ec.SECP256R1()), "kid")
    assert signer.key.export_private(as_dict=True)["d"] not in f"{signer} {signer!r} {signer.key!r}"
