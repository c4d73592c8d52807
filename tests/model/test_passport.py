from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.identifiers import AeTitle, TransferSyntaxUid
from linkexchange.model.passport import Passport, Retrieve

SMALL = {"name": "PACS", "ae_title": "PACS", "host": "10.0.0.7", "port": 104, "retrieve": "c-get"}

passports = st.builds(
    Passport,
    name=st.text(min_size=1, max_size=20),
    ae_title=st.from_regex(r"[A-Z][A-Z0-9_]{0,15}", fullmatch=True).map(AeTitle),
    host=st.just("127.0.0.1"),
    port=st.integers(1, 65535),
    retrieve=st.sampled_from(Retrieve),
    dicomweb_url=st.sampled_from(["", "http://127.0.0.1:8042/dicom-web"]),
    syntaxes=st.lists(st.sampled_from(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]).map(TransferSyntaxUid)).map(tuple),
    max_associations=st.integers(1, 64),
)


@given(passports)
def test_a_passport_reads_back_as_it_was_written(passport: Passport) -> None:
    assert Passport.from_json(json.loads(json.dumps(passport.to_json()))) == passport


def test_keys_that_are_new_are_ignored_and_those_that_may_be_missing_have_a_default() -> None:
    passport = Passport.from_json({**SMALL, "character_sets": ["ISO_IR 100"]})
    assert (passport.dicomweb_url, passport.syntaxes, passport.max_associations) == ("", (), 1)


@pytest.mark.parametrize("key", sorted(SMALL))
def test_a_key_that_must_be_there_is_missed(key: str) -> None:
    with pytest.raises(KeyError, match=key):
        Passport.from_json({name: value for name, value in SMALL.items() if name != key})


@pytest.mark.parametrize(
    "change", [{"ae_title": "X" * 17}, {"retrieve": "c-find"}, {"port": "dicom"}, {"syntaxes": ["explicit"]}], ids=repr
)
def test_a_wrong_value_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"not a|valid"):
        Passport.from_json({**SMALL, **change})
