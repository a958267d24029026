# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Connection options: their argument specification, where values come from, and the checks before any request.

Private to this collection. Modules, actions, inventory and lookups all use ``fill_from_environment`` (on the
controller) and then ``connection_from``. There are no argument-spec defaults here: a default must lose against the
environment, so it is applied last, in ``connection_from``.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import ssl
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from ansible_collections.backupops.jobs.plugins.module_utils import times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError, Refused
from ansible_collections.backupops.jobs.plugins.module_utils.http import origin
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.redaction import Redactor
from ansible_collections.backupops.jobs.plugins.module_utils.session_cache import SessionCache

PREFIX = "BACKUPOPS_"

CONNECTION_SPEC: dict[str, dict] = {
    "platform": {"type": "str", "choices": list(TRAITS)},
    "url": {"type": "str"},
    "endpoint_name": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "token": {"type": "str", "no_log": True, "aliases": ["api_token"]},
    "domain": {"type": "str"},
    "tenant": {"type": "str"},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "refresh_token": {"type": "str", "no_log": True},
    "auth_url": {"type": "str"},
    "account_id": {"type": "str"},
    "agent_id": {"type": "str"},
    "api_version": {"type": "str", "choices": ["auto", "v5", "v6", "v7", "v8"]},
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "proxy": {"type": "str"},
    "timeout": {"type": "int"},
    "retries": {"type": "int"},
    "rate_limit": {"type": "float"},
    "page_size": {"type": "int"},
    "concurrency": {"type": "int"},
    "session_cache": {"type": "bool"},
    "session_cache_dir": {"type": "path"},
    "timezone": {"type": "str"},
    "in_process": {"type": "str", "choices": ["auto", "never"]},
}

SECRETS = ("password", "token", "client_secret", "refresh_token")
_CREDENTIALS = ("username", "client_id", *SECRETS)
_ALIASES = {alias: name for name, spec in CONNECTION_SPEC.items() for alias in spec.get("aliases", ())}
_BELONGING = {option for traits in TRAITS.values() for option in traits.options}
_COMMON = set(CONNECTION_SPEC) - set(_CREDENTIALS) - _BELONGING

DEFAULTS = {
    "validate_certs": True,
    "timeout": 60,
    "retries": 5,
    "rate_limit": 0.0,
    "concurrency": 4,
    "session_cache": False,
}
_RANGES = {
    "timeout": (1, 3600),
    "retries": (0, 20),
    "rate_limit": (0, 10000),
    "page_size": (1, 10000),
    "concurrency": (1, 64),
}


@dataclass
class Connection:
    """The checked connection options of one task; see CONNECTION_SPEC. ``endpoint``: the text for uids."""

    platform: str
    url: str
    endpoint: str
    username: str | None
    password: str | None
    token: str | None
    domain: str | None
    tenant: str | None
    client_id: str | None
    client_secret: str | None
    refresh_token: str | None
    auth_url: str | None
    account_id: str | None
    agent_id: str | None
    api_version: str | None
    validate_certs: bool
    ca_path: str | None
    client_cert: str | None
    client_key: str | None
    proxy: str | None
    timeout: int
    retries: int
    rate_limit: float
    page_size: int
    concurrency: int
    timezone: str | None
    redactor: Redactor
    session_cache: SessionCache

    def redact(self, text):
        return self.redactor.redact(text)

    def add_secret(self, text):
        """A token obtained at login: from now on it is cut out of every text."""
        self.redactor.add(text)


def applies(option, platform):
    """Whether a connection option means anything to a platform."""
    traits = TRAITS[platform]
    wanted = {name for group in traits.credentials for name in group}
    if "username" in wanted:
        wanted.add("password")
    return option in _COMMON or option in traits.options or option in wanted


# -- the option provider -----------------------------------------------------------------------------------------------


def fill_from_environment(arguments, environ):
    """The task's arguments, completed from ``environ`` (a mapping): a new dict.

    ``BACKUPOPS_<PLATFORM>_<OPTION>`` comes first, then ``BACKUPOPS_<OPTION>``, which counts only for the platform that
    ``BACKUPOPS_PLATFORM`` names, if that is set. What does not apply to the platform is left out. An empty text is as
    good as none for an option of the connection; for others it is a value, as without a filter a task would do more.
    Raises Refused when secrets of the environment would go to another address than the environment's, and InvalidError
    for an unknown platform of the environment.
    """
    filled = {_ALIASES.get(name, name): value for name, value in arguments.items()}
    filled = {
        name: value
        for name, value in filled.items()
        if not (_absent(value) if name in CONNECTION_SPEC else value is None)
    }
    named = environ.get(PREFIX + "PLATFORM") or None
    if named is not None and named not in TRAITS:
        raise InvalidError(
            "{0}PLATFORM: {1!r}, in the environment, is not one of {2}.".format(PREFIX, named, ", ".join(TRAITS))
        )
    platform = filled.get("platform") or named
    if platform is None or platform not in TRAITS:
        return filled
    filled["platform"] = platform

    def from_environment(option):
        value = environ.get("{0}{1}_{2}".format(PREFIX, platform.upper(), option.upper()))
        if not value and named in (None, platform):
            value = environ.get(PREFIX + option.upper())
        return value or None

    traits = TRAITS[platform]
    # A password may be empty (NAKIVO does not ask for one), but it always belongs to its username.
    groups = [{*group, "password"} if "username" in group else set(group) for group in traits.credentials]
    complete = any(group <= set(filled) for group in groups)
    used = []
    for option in CONNECTION_SPEC:
        if option == "platform" or option in filled or not applies(option, platform):
            continue
        if complete and option in _CREDENTIALS:
            continue  # a task with credentials of its own must not get a second set beside it
        value = from_environment(option)
        if value is not None:
            filled[option] = value
            used.append(option)
    if "refresh_token" in used and _lone_refresh_token(filled, traits):
        del filled["refresh_token"]  # it is another platform's
        used.remove("refresh_token")
    leaked = [option for option in used if option in SECRETS]
    if leaked:
        _guard_secrets(arguments, filled, from_environment, leaked)
    return filled


def _lone_refresh_token(values, traits):
    """Whether a refresh token is there that means nothing, because the token that it renews is not."""
    own_way = ("refresh_token",) in traits.credentials
    return not own_way and not _absent(values.get("refresh_token")) and _absent(values.get("token"))


def _absent(value):
    return value is None or value == ""


def _guard_secrets(arguments, filled, from_environment, leaked):
    homes = [url for url in (from_environment("url"), from_environment("auth_url")) if url]
    if not homes:
        return
    for option in ("url", "auth_url"):
        given = arguments.get(option)
        if not _absent(given) and _origin(given) not in [_origin(home) for home in homes]:
            raise Refused(
                "{0}: {1} of the environment would go to another address ({2}) than the one in the environment ({3}).".format(
                    option,
                    " and ".join(leaked),
                    "{0}://{1}:{2}".format(*_origin(given)),
                    "{0}://{1}:{2}".format(*_origin(homes[0])),
                ),
                hint="Give the credentials for this address in the task, or take {0} out of it.".format(option),
            )


def _origin(url):
    try:
        return origin(str(url))
    except ValueError:
        return ("", str(url), 0)


# -- the checks before any request -------------------------------------------------------------------------------------


def connection_from(params, warn):
    """The Connection of validated ``params``. Raises InvalidError that names the option; makes no request."""
    platform = params.get("platform")
    if not platform:
        raise InvalidError(
            "platform: not given.", hint="Choose one of {0}, or set BACKUPOPS_PLATFORM.".format(", ".join(TRAITS))
        )
    if platform not in TRAITS:
        raise InvalidError("platform: {0!r} is not one of {1}.".format(platform, ", ".join(TRAITS)))
    traits = TRAITS[platform]
    values = {name: None if _absent(params.get(name)) else params[name] for name in CONNECTION_SPEC}
    for option, value in values.items():
        if value is not None and not applies(option, platform):
            owners = [name for name in TRAITS if applies(option, name)]
            raise InvalidError(
                "{0} does not apply to platform {1}; it belongs to {2}.".format(option, platform, ", ".join(owners)),
                hint="Take it out of the task (or of module_defaults).",
            )
    url = _checked_url(values["url"] or traits.default_url, "url", traits)
    if values["auth_url"]:
        values["auth_url"] = _checked_url(values["auth_url"], "auth_url", traits)
    _check_credentials(values, traits)
    if _lone_refresh_token(values, traits):
        raise InvalidError("token: not given; refresh_token of {0} only renews it.".format(traits.label))
    for option, default in DEFAULTS.items():
        if values[option] is None:
            values[option] = default
    if values["page_size"] is None:
        values["page_size"] = traits.page_size
    for option, (low, high) in _RANGES.items():
        if not low <= values[option] <= high:
            raise InvalidError("{0}: {1} is not between {2} and {3}.".format(option, values[option], low, high))
    times.zone(values["timezone"])
    values["proxy"] = _checked_proxy(values["proxy"])
    _check_files(values)
    for one in filter(None, (url, values["auth_url"])):
        if one.startswith("http://") and not _is_loopback(urlsplit(one).hostname):
            warn("{0} is plain http: credentials and job data cross the network in the clear.".format(_shown(one)))
    return _connection(values, url, traits, warn)


def _connection(values, url, traits, warn):
    redactor = redactor_for(values)
    _scheme, host, port = origin(url)
    cache = SessionCache(
        values.pop("session_cache"),
        values.pop("session_cache_dir"),
        # Who logs in where, never with what. A refresh token is the only thing that tells whose it is: a digest of it
        # (it is long and random) keeps accounts apart.
        (
            traits.name,
            url.lower(),
            *[values[name] or "" for name in ("auth_url", "username", "client_id", "domain", "api_version")],
            *[hashlib.sha256(token.encode("utf-8")).hexdigest() for token in [values["refresh_token"]] if token],
        ),
        warn,
    )
    endpoint = values.pop("endpoint_name") or "{0}:{1}".format("[{0}]".format(host) if ":" in host else host, port)
    del values["in_process"]  # the action's business
    values["url"] = url.rstrip("/")
    return Connection(
        endpoint=endpoint.lower(),
        redactor=redactor,
        session_cache=cache,
        **values,
    )


def redactor_for(params):
    """A Redactor that knows the secrets among the options, whether these are valid or not."""
    found = Redactor(str(params[name]) for name in SECRETS if params.get(name))
    for option in ("proxy", "url", "auth_url"):  # in a url they are refused, and ansible-core shows it at -vvv
        credentials, _at, _rest = str(params.get(option) or "").rpartition("@")
        password = credentials.rpartition("//")[2].partition(":")[2]
        found.add(password)
        found.add(unquote(password))
    return found


def _checked_url(url, option, traits):
    if not url:
        raise InvalidError(
            "{0}: not given; {1} needs it.".format(option, traits.label),
            hint="Set {0}, or BACKUPOPS_{1}_{2}.".format(option, traits.name.upper(), option.upper()),
        )
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise InvalidError(
            "{0}: not an address that begins with https:// (or http://) and names a host.".format(option),
            hint="For example {0}.".format(traits.default_url or "https://backup.example.com"),
        )
    if "@" in parts.netloc:
        raise InvalidError("{0}: credentials do not belong into it.".format(option), hint="Use username and password.")
    return url


def _check_credentials(values, traits):
    """One of the platform's sets of credentials must be whole; the message names what lacks in the one begun."""
    lacking = []
    for group in traits.credentials:
        missing = [option for option in group if values[option] is None]
        if not missing:
            return
        lacking.append((len(missing) - len(group), len(missing), missing))
    lacking.sort(key=lambda entry: entry[:2])
    begun = lacking[0][0] < 0
    ways = ", or ".join(" and ".join(group) for group in traits.credentials)
    raise InvalidError(
        "{0}: not given; {1} needs {2}.".format(
            " and ".join(lacking[0][2]) if begun else "credentials", traits.label, ways
        ),
        hint="Set {0} in the task, or as BACKUPOPS_{1}_… in the environment.".format(
            " and ".join(lacking[0][2] if begun else traits.credentials[-1]), traits.name.upper()
        ),
    )


def _checked_proxy(proxy):
    if proxy is None:
        return None
    proxy = proxy if "://" in proxy else "http://" + proxy
    try:
        parts = urlsplit(proxy)
        good = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise InvalidError(
            "proxy: not an address that names a host.", hint="For example http://proxy.example.com:3128."
        )
    return proxy


def _check_files(values):
    if values["client_key"] and not values["client_cert"]:
        raise InvalidError("client_cert: not given, but client_key is.")
    for option in ("ca_path", "client_cert", "client_key"):
        path = values[option]
        if path and not os.path.exists(path):
            raise InvalidError("{0}: there is no file {1}.".format(option, path))
    if not (values["ca_path"] or values["client_cert"]):
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if values["ca_path"] and not os.path.isdir(values["ca_path"]):
        try:
            context.load_verify_locations(values["ca_path"])
        except OSError as error:
            raise InvalidError(
                "ca_path: {0} cannot be used: {1}.".format(values["ca_path"], _words(error)),
                hint="It must hold the certificate of the authority in PEM form.",
            ) from error
    if values["client_cert"]:
        try:
            # Without an answer here, OpenSSL would ask at the terminal for the passphrase, and wait.
            context.load_cert_chain(values["client_cert"], values["client_key"], password=lambda: "")
        except OSError as error:
            raise InvalidError(
                "client_cert: {0} cannot be used: {1}.".format(
                    " and ".join(filter(None, [values["client_cert"], values["client_key"]])), _words(error)
                ),
                hint="A certificate and its key are needed, in PEM form and without a passphrase; the key may stand in "
                "the same file, or in client_key.",
            ) from error


def _words(error):
    """What the system or OpenSSL says, without the place in its source."""
    return (error.strerror or str(error)).partition(" (_ssl.c")[0].rpartition("] ")[2]


def _is_loopback(host):
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, which may lead anywhere
        return False


def _shown(url):
    parts = urlsplit(url)
    return "{0}://{1}".format(parts.scheme, quote(parts.netloc, safe=":[]"))
