"""
Two sample destinations in one process: a FHIR R4 endpoint at `/fhir` and a JSON webhook at `/webhook`.

They stand in for the systems that Corridor delivers to: strict about what they accept, durable, and observable from
outside (`/admin/effects`), so that "once in effect, in order" can be judged without looking into Corridor.
"""
