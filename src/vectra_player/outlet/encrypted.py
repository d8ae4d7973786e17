"""A client that speaks to a `tls://` broker encrypted or not at all.

nats-py begins TLS only where the server's first line asks for it, and that line comes in the clear:
a broker without a certificate, or somebody in between, would be told the login in plain text.
Imports nats-py, so `broker` imports it when it connects.
"""

from __future__ import annotations

import ssl

from nats.aio.client import Client


class EncryptedClient(Client):
    """Gives its login to a server that offers TLS, and to no other."""

    def _connect_command(self) -> bytes:
        """Make the first line that we send. By then TLS has begun, if the server asked for it.

        Raises:
            SSLError: it did not.
        """
        if not self._server_info.get("tls_required"):
            raise ssl.SSLError(0, "it offers none, and the login was not sent")
        return super()._connect_command()
