"""From Body Part Examined (0018,0015) to the regions that a link can name.

The terms are the defined terms of DICOM (PS3.16 annex L), and a few that are met beside them. Each region lists the
terms of the parts that lie in it; a term of two regions stands in both. What says too little (EXTREMITY, BACK) is in
none: a region that is not known is left out, since a guess would hide the study from whoever searches by region.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from linkexchange.model.link import Code
from linkexchange.model.regions import REGIONS

_TERMS = {
    "774007": """
        BRAIN CAROTID CEREBELLUM CHEEK CIRCLEOFWILLIS CORNEA EAR EYE EYELID FACE HEAD HEADNECK IAC JAW LARYNX LIP
        MANDIBLE MASTOID MAXILLA MOUTH NASALBONE NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NECKCHESTABDPELVIS
        NOSE ORBIT PAROTID PHARYNX SCALP SCLERA SELLA SELLATURCICA SINUS SKULL SUBMANDIBULAR TEETH THYROID TMJ TONGUE
        ZYGOMA""",
    "67734004": """
        AXILLA BRONCHUS CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE ESOPHAGUS LUNG MEDIASTINUM NECKCHEST NECKCHESTABDOMEN
        NECKCHESTABDPELV NECKCHESTABDPELVIS RIB RIBS SCAPULA STERNUM THORAX THYMUS TRACHEA""",
    "63337009": """
        ABDOMEN ABDOMENPELVIS ADRENAL ANUS APPENDIX BILEDUCT BLADDER BUTTOCK CERVIX CHESTABDOMEN CHESTABDPELVIS COLON
        DUODENUM GALLBLADDER GROIN ILEUM ILIUM JEJUNUM KIDNEY LIVER NECKCHESTABDOMEN NECKCHESTABDPELV
        NECKCHESTABDPELVIS OVARY PANCREAS PELVIS PENIS PROSTATE RECTUM SCROTUM SMALLINTESTINE SPLEEN STOMACH TESTIS
        URETER URETHRA UTERUS VAGINA VULVA""",
    "53120007": "ARM ELBOW FINGER FOREARM HAND HUMERUS RADIUS RADIUSULNA SHOULDER THUMB ULNA UPPERARM WRIST",
    "61685007": "ANKLE CALCANEUS CALF FEMUR FIBULA FOOT HIP KNEE LEG PATELLA THIGH TIBIA TIBIAFIBULA TOE",
    "1141981001": "COCCYX CSPINE CTSPINE LSPINE LSSPINE SACRUM SPINE SSPINE TLSPINE TSPINE",
    "113257007": "AORTA CAROTID CIRCLEOFWILLIS CORONARYARTERY HEART",
    "80891009": "CORONARYARTERY HEART",
    "76752008": "BREAST",
    "38266002": "WHOLEBODY",
}
_NO_LETTER = re.compile(r"[^A-Z]")


def regions_of(body_parts: Iterable[str]) -> tuple[Code, ...]:
    """The regions in which these parts of the body lie, in the order of the list; none where no part is known."""
    known = {_NO_LETTER.sub("", part.upper()) for part in body_parts}
    return tuple(REGIONS[code] for code, terms in _TERMS.items() if known & set(terms.split()))
