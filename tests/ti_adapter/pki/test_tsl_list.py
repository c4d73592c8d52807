from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from simulated_tsl import TslScene

from ti_adapter.errors import CertificateRefused, TslRefused
from ti_adapter.pki import Reason, StatusList, TrustList, TslReason, TslService, read_tsl, verify_institution
from ti_adapter.pki.tsl_list import ANCHOR_CHANGE
from ti_adapter.simulator.signer import ComponentCa
from ti_adapter.simulator.tsl import ca_service, ocsp_service
from ti_adapter.simulator.tsl_document import unsigned_list

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
SCENE = TslScene.made(NOW)
CA, RESPONDER = SCENE.listing.services
HBA_AUT = x509.ObjectIdentifier("1.2.276.0.76.4.75")
REVOKED = "http://uri.etsi.org/TrstSvc/Svcstatus/revoked"
NEW_ANCHOR = ComponentCa.generate("GEM.TSL-CA901", NOW).certificate


def listed(services: Iterable[TslService]) -> StatusList:
    return read_tsl(SCENE.listing.signer.issue(services, NOW), SCENE.anchors, NOW)


def refused_trust(services: Iterable[TslService], now: datetime = NOW, **how: object) -> TslRefused:
    with pytest.raises(TslRefused) as refused:
        listed(services).trust(now, **how)  # type: ignore[arg-type]
    return refused.value


def announcing(certificate: x509.Certificate, since: datetime = NOW) -> TslService:
    return replace(CA, kind=ANCHOR_CHANGE, certificate=certificate, since=since)


def test_a_list_names_the_cas_of_a_certificate_type_and_the_ocsp_signers() -> None:
    assert listed((CA, RESPONDER)).trust(NOW) == TrustList((CA.certificate,), (RESPONDER.certificate,))


@pytest.mark.parametrize(
    "changed",
    [
        replace(CA, status=REVOKED),
        replace(CA, since=NOW + timedelta(seconds=1)),
        replace(CA, types=frozenset({HBA_AUT.dotted_string})),
        replace(CA, types=frozenset()),
        replace(CA, kind=RESPONDER.kind),
        replace(CA, certificate=RESPONDER.certificate),
    ],
    ids=["revoked", "not yet in accord", "for another type", "for no type", "as OCSP signer", "that is no CA"],
)
def test_i15_a_ca_is_not_trusted_unless_the_list_lets_it_issue_this_type_now(changed: TslService) -> None:
    refused = refused_trust((changed, RESPONDER))
    assert (refused.step, refused.reason) == (10, TslReason.NO_AUTHORITY)


def test_i15_a_card_of_a_ca_that_the_newer_list_calls_revoked_is_refused() -> None:
    other = ca_service(ComponentCa.generate("GEM.SMCB-CA901", NOW).certificate, NOW)
    trust = listed((replace(CA, status=REVOKED), other, RESPONDER)).trust(NOW)
    with pytest.raises(CertificateRefused) as refused:
        verify_institution(SCENE.scene.question.certificate, trust, NOW)
    assert refused.value.reason == Reason.ISSUER_UNKNOWN


def test_a_revoked_ocsp_signer_is_not_believed() -> None:
    assert listed((CA, replace(RESPONDER, status=REVOKED))).trust(NOW).responders == ()


def test_another_certificate_type_has_its_own_cas() -> None:
    with_both = listed((CA, ca_service(NEW_ANCHOR, NOW, types=(HBA_AUT,)), RESPONDER))
    assert with_both.trust(NOW, policy=HBA_AUT).authorities == (NEW_ANCHOR,)


def test_i15_a_list_is_believed_until_its_end_and_the_grace_after_it_and_no_longer() -> None:
    end, grace = NOW + timedelta(days=30), timedelta(days=3)
    listed((CA,)).trust(end)
    listed((CA,)).trust(end + grace, grace=grace)
    for now, how in ((end, {}), (end + grace, {"grace": grace})):
        refused = refused_trust((CA,), now + timedelta(seconds=1), **how)
        assert (refused.step, refused.reason) == (9, TslReason.EXPIRED)


def test_a_list_that_ends_with_all_times_can_be_used_with_grace() -> None:
    endless = replace(listed((CA,)), next_update=datetime.max.replace(tzinfo=UTC))
    assert endless.trust(NOW, grace=timedelta(days=3)).authorities == (CA.certificate,)


def test_a_list_says_where_the_certificates_of_a_ca_can_be_asked_about() -> None:
    assert listed((CA, RESPONDER)).ocsp_url(CA.certificate) == "http://ocsp.example/smcb"
    assert listed((CA, RESPONDER)).ocsp_url(NEW_ANCHOR) is None


def test_services_of_other_kinds_are_passed_over() -> None:
    cvc = replace(CA, kind="http://uri.telematik/TrstSvc/Svctype/CA/CVC")
    assert listed((cvc, CA)).services == (CA,)


def test_a_service_with_an_unreadable_certificate_is_counted_and_stands_for_nobody() -> None:
    root = unsigned_list((ocsp_service(NEW_ANCHOR, NOW), CA), NOW)
    next(root.iter("{*}X509Certificate")).text = "MAMCAQE="
    tsl = read_tsl(SCENE.listing.signer.sign(root, NOW), SCENE.anchors, NOW)
    assert (tsl.unreadable, tsl.services) == (1, (CA,))


def test_a_new_trust_anchor_is_announced_and_holds_from_its_moment_on() -> None:
    tsl = listed((CA, announcing(NEW_ANCHOR, NOW + timedelta(days=1))))
    assert tsl.announced_anchor(NOW) is None
    assert tsl.announced_anchor(NOW + timedelta(days=1)) == NEW_ANCHOR


@pytest.mark.parametrize(
    "services",
    [
        (CA,),
        (announcing(NEW_ANCHOR), announcing(CA.certificate)),
        (announcing(RESPONDER.certificate),),
        (announcing(ComponentCa.generate("GEM.TSL-CA902", NOW, ends=timedelta(seconds=-1)).certificate),),
    ],
    ids=["none", "two", "no CA", "expired"],
)
def test_i15_no_anchor_follows_from_an_announcement_that_is_not_one(services: tuple[TslService, ...]) -> None:
    assert listed(services).announced_anchor(NOW) is None
