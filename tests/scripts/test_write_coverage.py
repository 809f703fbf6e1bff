from __future__ import annotations

from scripts.write_coverage import PAGE, render


def test_the_page_about_coverage_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m scripts.write_coverage"


def test_each_flow_that_takes_messages_has_its_own_section() -> None:
    page = render()

    assert "## `lab-results`: ORU^R01" in page
    assert "| OBX-3 | `Observation.code` |" in page
    assert "| OBX-1 | dropped: numbers the segment |" in page
