"""Registers what this tier runs, from the catalogue: the one module that Azure Functions loads."""

from __future__ import annotations

import os
from importlib import import_module

import azure.functions as func

from shared.catalog.index import ALL_TIERS, flows_of_tier

TIER = os.environ.get("CORRIDOR_TIER", ALL_TIERS)

app = func.FunctionApp()

for flow in flows_of_tier(TIER):
    for tier, blueprint in import_module(f"{flow.package}.trigger").blueprints.items():
        if TIER in {ALL_TIERS, tier}:
            app.register_functions(blueprint)
