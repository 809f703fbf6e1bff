"""
Concept maps of what is said about people (PID, PD1, NK1), each with a version.

They follow the HL7 v2-to-FHIR guide; what the guide leaves open is our policy and marked so.
"""

from __future__ import annotations

from shared.terminology.concept_maps import ConceptMap

NAME_ORDER = ConceptMap("name-assembly-order", "1.0.0", "HL70444", {"F": "F", "G": "G"})
# Policy: the guide leaves ethnicity to the implementation; these two mean CDC's categories.
ETHNICITY = ConceptMap("ethnicity-category", "1.0.0", "HL70189", {"H": "2135-2", "N": "2186-5"})
# Table 0006 as far as the guide has a code of v3-ReligiousAffiliation.
RELIGION = ConceptMap(
    "religious-affiliation",
    "1.0.0",
    "HL70006",
    dict(
        pair.split(":")
        for group in (
            "A:1007 B:1009 E:1069 J:1026 L:1028 M:1027 N:1020 P:1077 AGN:1004 ATH:1007 BAH:1008 BRE:1062 BMA:1029",
            "BTH:1051 CHR:1013 ANG:1005 AOG:1061 BAP:1009 CRR:1079 CHS:1063 COC:1064 COG:1065 COL:1066 EOT:1068",
            "EPI:1069 FRQ:1071 FUL:1072 JWN:1025 MOM:1027 LUT:1028 MET:1073 NAZ:1075 ORT:1036 PEN:1038 PRE:1076",
            "PRO:1077 PRC:1078 QUA:1071 REC:1079 CAT:1041 SAA:1080 SEV:1001 UCC:1082 UNI:1052 UNU:1081 CNF:1014",
            "DOC:1067 HSH:1020 HVA:1020 HOT:1020 JAI:1024 MOS:1023 MSH:1045 MSU:1049 NAM:1074 SHN:1046 SIK:1047",
            "SPI:1048",
        )
        for pair in group.split()
    ),
)
