"""
ZDS, the study instance UID in messages of the IHE radiology profiles -> ImagingStudy, as `ipc` has it.

    ImagingStudy.identifier     = ZDS-1    AS-SENT  the UID is its first component
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
