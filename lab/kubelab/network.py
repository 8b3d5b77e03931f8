"""Blocks of loopback addresses: 127.N.0.0/16 for each lab, N from 64 to 127."""

from __future__ import annotations

import socket

from kubelab.errors import NoFreeBlock

FIRST, LAST = 64, 127
API_PORT = 6443
INGRESS = 2
"""The last part of the address of Ingresses."""


def load_balancers(block: int) -> str:
    """The CIDR block of addresses for Services of type LoadBalancer."""
    return f"127.{block}.239.0/24"


class Block:
    """A block that this process holds until it ends (other labs see its claim, an abstract Unix socket)."""

    def __init__(self, number: int, claim: socket.socket) -> None:
        self.number = number
        self._claim = claim


def claim(number: int) -> Block | None:
    """Takes the block with this number; None when another lab has it or the API server's port is in use."""
    taken = socket.socket(socket.AF_UNIX)
    try:
        taken.bind(f"\0kubelab/127.{number}")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((f"127.{number}.0.1", API_PORT))
    except OSError:
        taken.close()
        return None
    return Block(number, taken)


def claim_first(wanted: int | None = None) -> Block:
    """The wanted block, or without a wish the first free one. Raises NoFreeBlock."""
    for number in [wanted] if wanted is not None else range(FIRST, LAST + 1):
        block = claim(number)
        if block is not None:
            return block
    if wanted is not None:
        raise NoFreeBlock(
            f"the addresses 127.{wanted}.0.0/16, which this lab had, are in use by another program: "
            "stop that one, or drop this lab with `kubelab down` and start anew"
        )
    raise NoFreeBlock(f"all blocks from 127.{FIRST} to 127.{LAST} are in use: end a lab with `kubelab down`")
