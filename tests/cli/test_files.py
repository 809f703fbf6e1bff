from pathlib import Path

import click
import pytest

from cli.files import Source, detect_format, find_sources


@pytest.mark.parametrize(
    ("name", "content", "format_name"),
    [
        ("a.txt", b"MSH|^~\\&|LAB", "hl7v2"),
        ("a.txt", b"\x0bMSH|^~\\&|LAB", "hl7v2"),
        ("a.txt", b"FHS|^~\\&|LAB", "hl7v2"),
        ("broken.hl7", b"PID|1", "hl7v2"),
        ("a.dat", b"ISA*00*", "x12"),
        ("a.json", b'\xef\xbb\xbf{ "resourceType": "Patient"}', "fhir"),
        ("a.json", b'{"name": "something else"}', None),
        ("a.xml", b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">', "ccda"),
        ("a.xml", b'<Patient xmlns="http://hl7.org/fhir">', "fhir"),
        ("a", b"\0" * 128 + b"DICM", "dicom"),
        ("a.csv", b"mrn,name\n", "csv"),
        ("README.md", b"MSHapes of things", None),
        ("empty", b"", None),
    ],
)
def test_a_format_is_told_by_the_first_bytes_then_by_the_suffix(
    tmp_path: Path, name: str, content: bytes, format_name: str | None
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    assert format_name == detect_format(path)


def test_a_folder_stands_for_its_files_in_order_without_hidden_ones_and_results(tmp_path: Path) -> None:
    for name in ("b/x.hl7", "a.hl7", ".git/config", ".hidden", "out/a.hl7.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    assert [
        Source(tmp_path / "a.hl7", Path("a.hl7"), is_named=False),
        Source(tmp_path / "b" / "x.hl7", Path("b/x.hl7"), is_named=False),
    ] == find_sources([tmp_path], tmp_path / "out")


def test_two_files_that_would_write_the_same_result_are_wrong_usage(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "x.hl7", tmp_path / "b" / "x.hl7"]

    with pytest.raises(click.UsageError, match=r"would both write x\.hl7"):
        find_sources(paths, tmp_path / "out")


def test_several_files_need_a_folder_to_go_to(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="need --out"):
        find_sources([tmp_path], None)
