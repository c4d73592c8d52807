"""People with cards of their own: physicians with an HBA, insured persons with an eGK.

hba = SimulatedPki.generate(now, name=HBA_CA).card(DOCTOR, HBA)
egk = SimulatedPki.generate(now, name=EGK_CA).card(insured_person("X110411319", "Erika", "Mustermann"), EGK)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ti_adapter.pki import CH_AUT, HP_AUT
from ti_adapter.simulator.shape import INSURED, PHYSICIAN, Shape

HBA_CA: Final = "GEM.HBA-CA900"
EGK_CA: Final = "GEM.EGK-CA900"
_COMMON_NAME_MAX = 54

_POLICY_HBA_CP = x509.ObjectIdentifier("1.2.276.0.76.4.145")
_POLICY_GEM_OR_CP = x509.ObjectIdentifier("1.2.276.0.76.4.163")

HBA: Final = replace(Shape.of(HP_AUT), policies=(HP_AUT.policy, _POLICY_HBA_CP))
"""C.HP.AUT as it should be."""

EGK: Final = replace(
    Shape.of(CH_AUT),
    extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,),
    policies=(CH_AUT.policy, _POLICY_GEM_OR_CP),
)
"""C.CH.AUT as it should be: in its usages like the card of an institution, so that its type alone tells them apart."""


@dataclass(frozen=True, slots=True)
class SimulatedPerson:
    """A person; `units` and `organization` are OU and O of the subject, where the insurer stands on an eGK."""

    given: str = field(repr=False)
    family: str = field(repr=False)
    telematik_id: str = ""
    profession_oids: tuple[str, ...] = (PHYSICIAN,)
    units: tuple[str, ...] = field(default=(), repr=False)
    organization: str = ""

    @property
    def subject(self) -> x509.Name:
        """What is empty is left out, and the common name is cut where X.520 ends it (64 characters)."""
        parts = (
            (NameOID.COUNTRY_NAME, "DE"),
            (NameOID.ORGANIZATION_NAME, self.organization),
            *((NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in self.units),
            (NameOID.SURNAME, self.family),
            (NameOID.GIVEN_NAME, self.given),
            (NameOID.COMMON_NAME, f"{f'{self.given} {self.family}'[:_COMMON_NAME_MAX]} TEST-ONLY"),
        )
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


DOCTOR: Final = SimulatedPerson("Anna", "Beispiel", "1-9001.1")
"""A physician."""


def insured_person(kvnr: str, given: str, family: str, insurer: str = "109500969") -> SimulatedPerson:
    """Who an eGK is for: KVNR and IK of the insurer are units of the subject, and there is no Telematik-ID."""
    return SimulatedPerson(
        given,
        family,
        profession_oids=(INSURED,),
        units=(insurer, kvnr),
        organization="Test-Krankenkasse NOT-VALID",
    )
