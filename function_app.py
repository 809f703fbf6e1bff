"""Registers what this tier runs, from the catalogue: the one module that Azure Functions loads."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import azure.functions as func

from shared.catalog.index import ALL_TIERS, flows_of_tier

# A thread that comes back from its I/O waits this long for one that computes: Python's own 5 ms, some ten times in a
# message's way, would be most of an answer's time.
sys.setswitchinterval(0.0005)

TIER = os.environ.get("CORRIDOR_TIER", ALL_TIERS)

app = func.FunctionApp()

for flow in flows_of_tier(TIER):
    for tier, blueprint in import_module(f"{flow.package}.trigger").blueprints.items():
        if TIER in {ALL_TIERS, tier}:
            app.register_functions(blueprint)
