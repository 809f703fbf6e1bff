"""
MFI -> Provenance: which master file the message changes (policy: the guide has no map for master files).

    Provenance.extension  = MFI-1..6*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
