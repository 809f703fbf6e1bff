"""`corridor send`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.running import data_folder, environment_file, read_environment

if TYPE_CHECKING:
    from cli.partner_client import Access


@click.command("send")
@click.option("--partner", required=True, metavar="P", help="The partner to post as.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started.")
@click.option("--api-url", envvar="CORRIDOR_API_URL", help="Where Corridor answers (else: the local platform).")
@click.option("--token-url", envvar="CORRIDOR_TOKEN_URL", help="The token endpoint.")
@click.option("--scope", envvar="CORRIDOR_SCOPE", help="The scope to ask for.")
@click.option("--client-id", envvar="CORRIDOR_CLIENT_ID", help="The partner's client id.")
@click.option("--client-secret", envvar="CORRIDOR_CLIENT_SECRET", help="Its secret; better given by the environment.")
@click.option("--signing-key", envvar="CORRIDOR_SIGNING_KEY", help="The key of a partner that signs its messages.")
@click.option("--ca-file", envvar="CORRIDOR_CA_FILE", help="An authority to trust beside the machine's own.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(partner: str, data: Path | None, files: tuple[Path, ...], **given: str | None) -> None:
    r"""
    Post each FILE as that partner would, one request each, its bytes as they are.

    Prints per file the code of the acknowledgement, Corridor's message id and the ERR lines. What is not said by
    options or environment variables (CORRIDOR_...) is read from the running local platform.

    Exit code: 0 all accepted, 1 some refused, 2 wrong usage.

    \b
    Examples:
      corridor send --partner riverside-lab result.hl7
      corridor send --partner riverside-lab --api-url https://corridor.example --token-url https://login.example/token
          --client-id ID --scope SCOPE day/*.hl7        the secret: CORRIDOR_CLIENT_SECRET
    """
    from cli.partner_client import PartnerClient

    refused = 0
    with PartnerClient(partner, _access(partner, data_folder(data), given)) as client:
        for file in files:
            answer = client.send(file.read_bytes())
            click.echo(f"{answer.code} {answer.message_id} {file}")
            for detail in answer.details:
                click.echo(f"   {detail}")
            refused += not answer.is_accepted
    sys.exit(1 if refused else 0)


def _access(partner: str, data: Path, given: dict[str, str | None]) -> Access:
    from cli.partner_client import Access

    known = {**_local_platform(partner, data), **{key: value for key, value in given.items() if value}}
    missing = [name for name in ("api_url", "token_url", "scope", "client_id", "client_secret") if name not in known]
    if missing:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise click.UsageError(f"say {options}, or start the local platform (nothing about {partner} in {data})")
    return Access(**known)


def _local_platform(partner: str, data: Path) -> dict[str, str]:
    if not environment_file(data).exists():
        return {}
    environment = read_environment(data)
    credentials = environment.get("partners", {}).get(partner, {})
    return {
        **{name: environment[name] for name in ("api_url", "token_url", "scope", "ca_file") if environment.get(name)},
        **{name: credentials[name] for name in ("client_id", "client_secret", "signing_key") if name in credentials},
    }
