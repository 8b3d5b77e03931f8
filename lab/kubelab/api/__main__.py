"""`python -m kubelab.api --state DIR --address 127.N.0.1 --port 6443 --service-cidr 127.N.240.0/20`"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from .database import DatabaseError
from .server import Server, Settings, quiet_server_log


def loopback(text: str) -> str:
    """An address that only this machine can reach."""
    if not IPv4Address(text).is_loopback:
        raise argparse.ArgumentTypeError(f"{text} is not a loopback address (127.0.0.0/8)")
    return text


def arguments() -> Settings:
    parser = argparse.ArgumentParser(prog="python -m kubelab.api", description="The lab's Kubernetes API server.")
    parser.add_argument("--state", type=Path, required=True, help="state directory with pki/ and tokens.json")
    parser.add_argument("--address", type=loopback, required=True, help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=6443)
    parser.add_argument("--service-cidr", type=IPv4Network, required=True, help="block of cluster addresses")
    parser.add_argument("--audit-log", type=Path, help="a file that gets a line of JSON for every request")
    parser.add_argument(
        "--disable-admission-plugins",
        choices=["ServiceAccount"],
        help="admit pods whose account is not there, and give them no token: where no controller makes accounts",
    )
    given = parser.parse_args()
    admits_accounts = given.disable_admission_plugins is None
    return Settings(given.state, given.address, given.port, given.service_cidr, given.audit_log, admits_accounts)


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises DatabaseError, OSError, ValueError."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = Server(settings)
    try:
        await server.start()
        await stopped.wait()
    finally:
        await server.close()


def main() -> int:
    settings = arguments()
    quiet_server_log()
    try:
        asyncio.run(serve(settings))
    except (DatabaseError, OSError, ValueError) as error:
        where = f"{settings.address}:{settings.port} with state {settings.state}"
        print(f"kubelab api: cannot serve on {where}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
