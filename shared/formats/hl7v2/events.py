"""
Trigger event -> message structure, for messages that do not say it in MSH-9.3.

The structures that serve more than their own event (table 0354, and chapter 3 for what 2.3.1 and 2.4 changed).
A later structure comes first; which of them exists depends on the version.
"""

from __future__ import annotations

from functools import cache

_SERVES = {
    "ADT_A01": "A04 A08 A13 A05 A14 A28 A31",
    "ADT_A02": "A15 A21 A22 A23 A25 A26 A27 A29 A32 A33",
    "ADT_A05": "A14 A28 A31",
    "ADT_A06": "A07",
    "ADT_A09": "A10 A11 A12",
    "ADT_A21": "A22 A23 A25 A26 A27 A29 A32 A33",
    "ADT_A30": "A34 A35 A36 A46 A47 A48 A49",
    "ADT_A39": "A40 A41 A42",
    "ADT_A43": "A44",
    "ADT_A50": "A51",
    "ADT_A52": "A53 A55",
    "ADT_A61": "A62",
    "CCR_I16": "I17 I18",
    "CRM_C01": "C02 C03 C04 C05 C06 C07 C08",
    "CSU_C09": "C10 C11 C12",
    "LSU_U12": "U13",
    "MDM_T01": "T03 T05 T07 T09 T11",
    "MDM_T02": "T04 T06 T08 T10",
    "MFK_M01": "M02 M03 M04 M05 M06 M07 M08 M09 M10 M11 M12 M13 M14 M15 M16 M17",
    "MFN_Znn": "M14",
    "MFQ_M01": "M02 M03 M04 M05 M06",
    "MFR_M01": "M02 M03",
    "ORF_R04": "W02",
    "ORU_R01": "W01",
    "ORU_R30": "R31 R32",
    "PEX_P07": "P08",
    "PGL_PC6": "PC7 PC8",
    "PMU_B01": "B02",
    "PMU_B04": "B05 B06",
    "PPG_PCG": "PCH PCJ",
    "PPP_PCB": "PCC PCD",
    "PPR_PC1": "PC2 PC3",
    "QBP_Q11": "Z34 Z44",
    "QBP_Q21": "Q22 Q23 Q24 Q25",
    "QCN_J01": "J02",
    "QRY_PC4": "PC9 PCE PCK",
    "RDE_O11": "O25",
    "REF_I12": "I13 I14 I15",
    "RPA_I08": "I09 I10 I11",
    "RQA_I08": "I09 I10 I11",
    "RQC_I05": "I06",
    "RQI_I01": "I02 I03 I07",
    "RRE_O12": "O26",
    "RRI_I12": "I13 I14 I15",
    "RSP_K21": "K22",
    "RSP_K23": "K24",
    "SIU_S12": "S13 S14 S15 S16 S17 S18 S19 S20 S21 S22 S23 S24 S26",
    "SRM_S01": "S02 S03 S04 S05 S06 S07 S08 S09 S10 S11",
    "SRR_S01": "S02 S03 S04 S05 S06 S07 S08 S09 S10 S11",
    "TCU_U10": "U11",
}
# Names that hl7apy has beside the one that HL7 gives to all of them.
_ONE_FOR_ALL = frozenset({"SIU"})
# A message type whose event was left out, as versions before 2.3 allowed.
_WITHOUT_EVENT = {"ORU": "ORU_R01", "ORM": "ORM_O01", "ORR": "ORR_O02", "ACK": "ACK"}


@cache
def structures_of_event(code: str, event: str) -> tuple[str, ...]:
    """Return the structures that a message of this type and event may have, the likeliest first."""
    if not event:
        return (_WITHOUT_EVENT.get(code, code),)
    own = f"{code}_{event}"
    prefix = f"{code}_"
    shared = [name for name, events in _SERVES.items() if name.startswith(prefix) and event in events.split()]
    shared.sort(reverse=True)
    return (*shared, own) if code in _ONE_FOR_ALL else (own, *shared)
