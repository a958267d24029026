# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates for https on loopback, made anew each time (package trustme)."""

from __future__ import annotations

import datetime
import os
import ssl


class Certificates:
    """A throw-away authority in ``folder``: ``ca.pem``, a server certificate, a client's certificate and key.

    ``names`` are the host names that the server's certificate is good for; ``expired`` makes it a day too old;
    ``ask_client`` makes the server insist on the client's certificate.
    """

    def __init__(
        self, folder: str, names: tuple = ("localhost", "127.0.0.1"), expired: bool = False, ask_client: bool = False
    ) -> None:
        import trustme

        authority = trustme.CA()
        past = (
            {"not_after": datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)} if expired else {}
        )
        server = authority.issue_cert(*names, **past)
        client = authority.issue_cert("operator@example.com")
        self.ca = os.path.join(folder, "ca.pem")
        self.client_cert = os.path.join(folder, "client.pem")
        self.client_key = os.path.join(folder, "client.key")
        authority.cert_pem.write_to_path(self.ca)
        client.cert_chain_pems[0].write_to_path(self.client_cert)
        client.private_key_pem.write_to_path(self.client_key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.configure_cert(self.context)
        if ask_client:
            authority.configure_trust(self.context)
            self.context.verify_mode = ssl.CERT_REQUIRED
