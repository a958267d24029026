# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module and plugin says about where it connects to."""

    DOCUMENTATION = r"""
options:
  platform:
    description:
      - The product to talk to.
      - Needed, here or as the environment variable E(BACKUPOPS_PLATFORM).
    type: str
    choices: [commvault, nakivo, netapp_bluexp, veeam_m365]
  url:
    description:
      - Base address of the product, as its documentation gives it.
      - Commvault, C(https://cs.example.com/commandcenter/api); NAKIVO, C(https://director.example.com:4443);
        Veeam Backup for Microsoft 365, C(https://vb365.example.com:4443).
      - For NetApp BlueXP the default is its SaaS host, C(https://cloudmanager.cloud.netapp.com).
      - Plain C(http://) to a host that is not loopback gives a warning. A redirect to another address is an error.
    type: str
  endpoint_name:
    description:
      - A stable name for this server in the C(uid) of each record.
      - The default is host and port of O(url).
    type: str
  username:
    description:
      - Account to log in with.
      - Commvault, NAKIVO and Veeam need O(username) and O(password), unless O(token) is given where it applies.
    type: str
  password:
    description: Password of O(username). A refused password is tried once only.
    type: str
  token:
    description:
      - A token that exists already, instead of a login. It is used as it is, unless there is an O(refresh_token) for it, and
        never ended by this collection.
      - Applies to Commvault (a login token or an access token), NetApp BlueXP and Veeam.
    type: str
    aliases: [api_token]
  domain:
    description: Directory domain of O(username). Commvault only.
    type: str
  tenant:
    description: Tenant to work in, by UUID or name. NAKIVO only; without it the master tenant is used.
    type: str
  client_id:
    description: Client id of the service account. NetApp BlueXP only.
    type: str
  client_secret:
    description: Secret of O(client_id). NetApp BlueXP only.
    type: str
  refresh_token:
    description:
      - For NetApp BlueXP, the refresh token of a user, who makes it in the product's console.
      - For Commvault, what renews the access token in O(token). Each renewal makes a new pair and ends the one before, so it
        needs O(session_cache=true), where the newest pair is kept for all tasks. Give a pair to one O(session_cache_dir)
        only. Once the kept pair can no longer be renewed, make a new one and give that.
    type: str
  auth_url:
    description:
      - Address that gives tokens. NetApp BlueXP only.
      - The default is the documented token host for the SaaS O(url), else C(/auth/oauth/token) below O(url).
    type: str
  account_id:
    description: Account to work in. NetApp BlueXP only; not needed when the login can see one account only.
    type: str
  agent_id:
    description: Agent (Connector) that carries out the calls. NetApp BlueXP only; not needed when the account has one only.
    type: str
  api_version:
    description:
      - Version of the REST API. Veeam Backup for Microsoft 365 only.
      - V(auto), the default, asks the server for the newest one that it serves.
    type: str
    choices: [auto, v5, v6, v7, v8]
  validate_certs:
    description: Whether the server's certificate must be valid. The default is V(true), and there is no silent fallback.
    type: bool
  ca_path:
    description:
      - File of the authority that signed the server's certificate, in PEM form, or a folder of such files that OpenSSL has
        hashed. The default is the one of the Python package C(requests).
    type: path
  client_cert:
    description: File of a client certificate in PEM form, with its key unless O(client_key) is given.
    type: path
  client_key:
    description: File of the key of O(client_cert), in PEM form and without a passphrase.
    type: path
  proxy:
    description:
      - Address of an HTTP proxy, for example C(http://proxy.example.com:3128), with name and password in it if it wants them.
      - The default is what the usual environment variables say.
    type: str
  timeout:
    description: Seconds to wait for a connection and for each answer. The default is V(60).
    type: int
  retries:
    description:
      - How often a read is tried again after HTTP 429, 502, 503, 504 or a lost connection. The default is V(5).
      - A write is never sent twice.
    type: int
  rate_limit:
    description: Requests per second at most. The default, V(0), is no limit.
    type: float
  page_size:
    description: Rows per page where the product pages. The default suits the product.
    type: int
  concurrency:
    description: Requests at the same time. The default is V(4).
    type: int
  session_cache:
    description:
      - Keep the login between tasks, in a file that only this user can read. The default is V(false).
      - Without it each task logs in, and logs out again where the product can.
      - M(backupops.jobs.logout) ends the login that is kept.
    type: bool
  session_cache_dir:
    description:
      - Folder for O(session_cache). The default is C(~/.ansible/backupops). Its mode must be 0700, and it must be yours.
      - A folder or file that others could have written is not used. Then a warning says so, and the task logs in by itself.
    type: path
  timezone:
    description: IANA time zone of times that are given without one, for example V(Europe/Zurich). The default is UTC.
    type: str
  in_process:
    description:
      - With V(auto), the default, a task that is local anyway runs inside Ansible itself instead of as a shipped module.
        That is about ten times cheaper. The results are the same.
      - V(never) always ships the module.
    type: str
    choices: [auto, never]
requirements:
  - requests
notes:
  - Each connection option can come from the environment of the controller or of the task. E(BACKUPOPS_<PLATFORM>_<OPTION>),
    for example E(BACKUPOPS_COMMVAULT_PASSWORD), comes first; then E(BACKUPOPS_<OPTION>), which counts only for
    the platform that E(BACKUPOPS_PLATFORM) names, if that is set. Options of the task win.
  - When the environment holds an address and the task gives another one, credentials of the environment are not
    sent there. That is an error before any request.
  - An option that does not apply to the platform is an error, never ignored.
"""
