"""`python -m cli`: what the launcher becomes."""

from __future__ import annotations

from cli.application import main

main()
