"""Show a layout in a running KLayout over its klive package (a TCP port on this machine)."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from hwlib.errors import InputError
from hwlib.storage.files import refuse_unreadable

PORT = 8082  # klive's fixed port
_TIMEOUT = 1.0


def is_listening() -> bool:
    """Whether a KLayout with klive answers on this machine."""
    try:
        with socket.create_connection(("127.0.0.1", PORT), timeout=_TIMEOUT):
            return True
    except OSError:
        return False


def show_layout(layout: Path, *, port: int = PORT) -> None:
    """Open a layout in the running KLayout, keeping its view.

    Raises:
        InputError: no file that can be read, or no KLayout listening.
    """
    refuse_unreadable(layout, "layout")
    message = json.dumps({"gds": str(layout.resolve()), "keep_position": True}) + "\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT) as connection:
            connection.sendall(message.encode())
    except OSError:
        raise InputError(
            f"KLayout is not listening on port {port}: start it with the klive package (Tools > Manage Packages)"
        ) from None
