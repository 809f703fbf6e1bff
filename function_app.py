"""Registers the flows of this tier from the catalogue: the one module that Azure Functions loads."""

from __future__ import annotations

import os
from importlib import import_module

import azure.functions as func

from shared.catalog.index import ALL_TIERS, flows_of_tier

app = func.FunctionApp()

for flow in flows_of_tier(os.environ.get("CORRIDOR_TIER", ALL_TIERS)):
    app.register_functions(import_module(f"{flow.package}.trigger").bp)
