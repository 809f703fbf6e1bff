"""
Which tier may do what with which table: PostgreSQL grants are generated from this page (invariant 10).

`S` select, `I` insert, `U` update, `D` delete. What a tier does not list, its role cannot touch.
"""

from __future__ import annotations

from shared.catalog.model import Tier

_STREAMS = {"stream": "SIUD", "entry": "SIUD"}
_EVIDENCE = {"hop": "I", "audit": "I"}
_QUARANTINE = {"quarantine": "SI", "task": "SI", "task_transition": "SI"}

_ACCEPTING = {
    **_STREAMS,
    **_EVIDENCE,
    "message": "SI",
    "inbox": "SI",
    "patient_alias": "SI",
    "halt": "S",
    "pressure": "S",
}
_PROCESS = {
    **_STREAMS,
    "halt": "S",
    **_EVIDENCE,
    **_QUARANTINE,
    "message": "SU",
    "conversion": "SI",
    "event": "SI",
    "report_state": "SIU",
    "delivery": "SIU",  # an update that a newer one replaces within its window
    "patient_alias": "S",
    "visit": "SIU",
    "early_message": "SIUD",
    "merged_patient": "SIUD",
    "merged_key": "SI",
}

TABLE_ACCESS: dict[Tier, dict[str, str]] = {
    Tier.INGEST: {**_ACCEPTING, "intake_allowance": "SIU", "signature_nonce": "SID"},
    Tier.API: {
        **_STREAMS,
        **_EVIDENCE,
        "message": "SIU",  # a corrected copy of one that is in quarantine
        "inbox": "SI",
        "delivery": "SU",
        "quarantine": "SU",
        "task": "SU",
        "task_transition": "SI",
        "halt": "SIUD",
        "replay_plan": "SIU",
        "replay_item": "S",
    },
    Tier.PROCESS: _PROCESS,
    # What comes in files is taken in and processed here, so that neither holds up what comes one by one.
    Tier.BATCH: {
        **_ACCEPTING,
        **_PROCESS,
        "message": "SIU",
        "hop": "SI",  # in which order messages were processed: so they are replayed
        "patient_alias": "SI",
        "dropped_file": "SIU",
        "file_item": "SI",
        "task": "SIU",  # a file that went on after hours closes its own task
        "consent": "S",
        "authority": "S",
        "job_lease": "SIU",
        "replay_plan": "SU",
        "replay_item": "SIU",
        "replay_bundle": "SI",
    },
    Tier.DELIVER: {
        **_STREAMS,
        **_EVIDENCE,
        "quarantine": "SI",
        "task": "SIU",  # an outage that has ended closes its own task
        "task_transition": "SI",
        "destination_gate": "SIU",
        "authority": "SI",
        "replay_bundle": "S",
        "halt": "S",
        "message": "S",
        "conversion": "S",
        "delivery": "SU",
        "consent": "S",
    },
    Tier.WORKFLOW: {
        **_STREAMS,
        "halt": "S",
        **_EVIDENCE,
        "message": "S",
        "quarantine": "SI",
        "task": "SIU",
        "task_transition": "SI",
        "job_lease": "SIU",
    },
    Tier.OPS: {
        **_STREAMS,
        "hop": "SI",  # the watch measures what failed and how long it took
        "destination_gate": "SIU",
        "halt": "SIUD",
        "pressure": "SIU",
        "dead_letter": "SID",
        "disposal": "SIU",
        "audit": "SI",
        "audit_seal": "SI",
        "message": "SU",
        "delivery": "SU",
        "quarantine": "SU",
        "event": "SU",
        "task": "SIU",
        "task_transition": "SI",
        "job_lease": "SIU",
        "threshold": "SI",  # seeds where there is none; operators alone change one
        "breach": "SID",
    },
}

# What an operator's command line reads to answer `trace`, `reconcile` and `thresholds`; it writes audit and limits.
OPERATOR_ACCESS: dict[str, str] = {
    "message": "S",
    "delivery": "S",
    "event": "S",
    "hop": "S",
    "quarantine": "S",
    "task": "S",
    "task_transition": "S",
    "stream": "S",
    "entry": "S",
    "audit": "SI",
    "audit_seal": "S",
    "threshold": "SIU",
    "breach": "S",
    "dropped_file": "S",
    "file_item": "S",
    "legal_hold": "SIUD",
}

# Functions that act with their owner's rights: what a tier may do by them it may do in no other way.
FUNCTION_ACCESS: dict[str, Tier] = {
    "dispose_messages(text[], timestamptz, timestamptz, uuid, integer)": Tier.OPS,
    "dispose_files(timestamptz, integer)": Tier.OPS,
    "held_patients()": Tier.OPS,
}
