"""The DICOM audit message schema (PS3.15 A.5.1), written down in RELAX NG from the tables there, for the parts we use.

What A.5.3 asks of single events beyond the schema stands in `EVENTS`: which other parts a message of that event needs.
"""

from __future__ import annotations

from lxml import etree

_CODED = ("csd-code", "codeSystemName", "originalText")
_NG = "http://relaxng.org/ns/structure/1.0"


def _attributes(*names: str) -> str:
    return "".join(f'<attribute name="{name}"><data type="token"/></attribute>' for name in names)


def _choice(name: str, values: list[str]) -> str:
    listed = "".join(f"<value>{it}</value>" for it in values)
    return f'<attribute name="{name}"><choice>{listed}</choice></attribute>'


def _coded(name: str) -> str:
    return f'<element name="{name}">{_attributes(*_CODED)}</element>'


def _range(last: int) -> list[str]:
    return [str(it) for it in range(1, last + 1)]


SCHEMA = f"""<grammar xmlns="{_NG}" datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes"><start>
<element name="AuditMessage">
<element name="EventIdentification">
  <optional>{_choice("EventActionCode", list("CRUDE"))}</optional>
  <attribute name="EventDateTime"><data type="dateTime"/></attribute>
  {_choice("EventOutcomeIndicator", ["0", "4", "8", "12"])}
  {_coded("EventID")}
  <zeroOrMore>{_coded("EventTypeCode")}</zeroOrMore>
  <optional><element name="EventOutcomeDescription"><text/></element></optional>
</element>
<oneOrMore><element name="ActiveParticipant">
  <attribute name="UserID"/>
  <optional><attribute name="AlternativeUserID"/></optional><optional><attribute name="UserName"/></optional>
  <attribute name="UserIsRequestor"><data type="boolean"/></attribute>
  <optional>{_attributes("NetworkAccessPointID")}</optional>
  <optional>{_choice("NetworkAccessPointTypeCode", _range(5))}</optional>
  <zeroOrMore>{_coded("RoleIDCode")}</zeroOrMore>
</element></oneOrMore>
<element name="AuditSourceIdentification">
  <optional>{_attributes("AuditEnterpriseSiteID")}</optional>{_attributes("AuditSourceID")}
  <zeroOrMore><element name="AuditSourceTypeCode">{_choice("csd-code", _range(9))}</element></zeroOrMore>
</element>
<zeroOrMore><element name="ParticipantObjectIdentification">
  {_attributes("ParticipantObjectID")}
  <optional>{_choice("ParticipantObjectTypeCode", _range(4))}</optional>
  <optional>{_choice("ParticipantObjectTypeCodeRole", _range(26))}</optional>
  <optional>{_choice("ParticipantObjectDataLifeCycle", _range(15))}</optional>
  {_coded("ParticipantObjectIDTypeCode")}
  <choice><element name="ParticipantObjectName"><data type="token"/></element>
    <element name="ParticipantObjectQuery"><data type="base64Binary"/></element></choice>
  <zeroOrMore><element name="ParticipantObjectDetail">{_attributes("type")}
    <attribute name="value"><data type="base64Binary"/></attribute></element></zeroOrMore>
</element></zeroOrMore>
</element></start></grammar>"""
_SCHEMA = etree.RelaxNG(etree.fromstring(SCHEMA))

PATIENT = "ParticipantObjectIdentification[@ParticipantObjectTypeCode='1'][@ParticipantObjectTypeCodeRole='1']"
STUDY = "ParticipantObjectIdentification[@ParticipantObjectTypeCode='2'][@ParticipantObjectTypeCodeRole='3']"
SOURCE = "ActiveParticipant[RoleIDCode/@csd-code='110153']"
DESTINATION = "ActiveParticipant[RoleIDCode/@csd-code='110152']"
_TYPE = "EventIdentification/EventTypeCode[@codeSystemName='DCM']"
EVENTS = {
    "110102": ("CRE", (SOURCE, DESTINATION, PATIENT, STUDY)),
    "110104": ("CRU", (SOURCE, DESTINATION, PATIENT, STUDY)),
    "110105": ("D", (STUDY,)),
    "110106": ("RC", ()),
    "110107": ("C", ()),
    "110110": ("CRUD", ()),
    "110112": ("E", ()),
    "110113": ("CRUDE", (_TYPE,)),
    "110114": ("E", (_TYPE,)),
}
"""EventID to the actions that A.5.3 (or the profile) lets it have, and the parts that it must have."""


def broken(message: bytes) -> list[str]:
    """What is wrong with a message."""
    tree = etree.fromstring(message)
    if not _SCHEMA.validate(tree):
        return [str(it.message) for it in _SCHEMA.error_log]
    [event] = tree.xpath("EventIdentification")
    [code] = event.xpath("EventID/@csd-code")
    actions, parts = EVENTS[code]
    missing = [f"{code}: no {part}" for part in parts if not tree.xpath(part)]
    return missing if event.get("EventActionCode") in actions else [f"{code}: action", *missing]
