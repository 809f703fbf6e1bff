"""
IN3 -> Coverage of the IN1 before it: certification, as sent.

The guide maps the case manager (IN3-21) alone, to a CareTeam of one person; policy: it is kept with its certification.

    [dropped]          = IN3-1       numbers the segment
    Coverage.extension = IN3-2..28*  AS-SENT
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)
