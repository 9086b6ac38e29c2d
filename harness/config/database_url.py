"""The address of a shared database: PostgreSQL, written as libpq writes it, and never with a password.

An address is kept in the study's folder and shown in messages, so a refusal does not repeat what it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote

from harness.errors import ConfigError, unknown

FORM = "postgresql://USER@HOST:PORT/DATABASE?sslmode=require"
SCHEMES = ("postgresql", "postgresql+psycopg")
PASSWORDS = "Write it into ~/.pgpass (chmod 600) as HOST:PORT:DATABASE:USER:PASSWORD, or set PGPASSWORD."


def _number(text: str) -> bool:
    return bool(re.fullmatch("[0-9]{1,9}", text))


def _word(text: str) -> bool:
    return bool(re.fullmatch("[A-Za-z0-9._-]+", text))


def _path(text: str) -> bool:
    return text.startswith("/") and "@" not in text


def _host(text: str) -> bool:
    return _path(text) or _word(text)


def _search_path(text: str) -> bool:
    return bool(re.fullmatch(r"-c ?search_path=[A-Za-z0-9_,]+", text))


OPTIONS: dict[str, Callable[[str], bool]] = {
    "application_name": _word,
    "channel_binding": _word,
    "connect_timeout": _number,
    "gssencmode": _word,
    "host": _host,
    "keepalives_idle": _number,
    "options": _search_path,
    "passfile": _path,
    "port": _number,
    "sslcert": _path,
    "sslkey": _path,
    "sslmode": _word,
    "sslrootcert": _path,
    "target_session_attrs": _word,
    "tcp_user_timeout": _number,
}
"""The options of libpq that an address may have -> whether a value is one; none of them can hold a password."""


def check_url(text: str) -> str:
    """The address as it is kept: `postgresql://...`, whichever of the two schemes it was given with.

    Raises:
        ConfigError: it is no address of a PostgreSQL database, or holds a password in any form.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in SCHEMES:
        raise _other_scheme(scheme if separator else "")
    if re.search(r"[\s\x00-\x1f\x7f#]", text):
        raise ConfigError("the address of a database must have no spaces, control characters and #", remedy=_write())
    before, _, query = rest.partition("?")
    authority, slash, database = before.partition("/")
    _check_authority(authority, before, query)
    if not slash or not _word(unquote(database)):
        raise ConfigError(
            "the address of a database must name it", remedy=f"{_write()} DATABASE: letters, digits, . _ -"
        )
    _check_options(query)
    return f"postgresql://{rest}"


def _check_authority(authority: str, before: str, query: str) -> None:
    """USER@HOST:PORT, each part of which may be absent."""
    user, at, place = authority.rpartition("@")
    name = unquote(user)
    secret = ":" in name or "@" in user or "@" in before[len(authority) :] or "@" in query
    host = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(:[0-9]{1,5})?", place)
    if secret or (not host and ":" in place):
        raise ConfigError("the address of a database must hold no password, and no second @ or :", remedy=PASSWORDS)
    if not host or (at and not re.fullmatch("[A-Za-z0-9._~%+$-]+", user)):
        raise ConfigError("the address of a database must have a host, and a user before @", remedy=_write())


def _check_options(query: str) -> None:
    given = [(unquote(key), value) for key, value in parse_qsl(query, keep_blank_values=True)]
    if any("pass" in key.lower() and key not in OPTIONS for key, _ in given):
        raise ConfigError("the address of a database must hold no password", remedy=PASSWORDS)
    names = [key for key, _ in given]
    if len(given) != query.count("&") + bool(query) or len(names) != len(set(names)):
        raise ConfigError("each option of a database's address must read KEY=VALUE, once", remedy=_write())
    if wrong := set(names) - set(OPTIONS):
        raise unknown("options of a database's address", wrong, OPTIONS)
    for key, value in given:
        if not OPTIONS[key](value):
            raise ConfigError(
                f"the option {key!r} of a database's address must have a value of its kind",
                remedy="Numbers in digits, files by their absolute path, options=-csearch_path=SCHEMA.",
            )


def _other_scheme(scheme: str) -> ConfigError:
    """`scheme` is shown where it is one: what stands before :// cannot be a password."""
    shown = repr(scheme) if re.fullmatch(r"[A-Za-z0-9+]{1,30}", scheme) else None
    why = _write()
    if scheme.startswith("sqlite"):
        why = "SQLite is where the trials are by default, in the study's folder: leave the setting away."
    elif scheme == "postgres" or scheme.startswith(("postgresql+", "postgres+")):
        why = f"The driver is psycopg 3. {_write()}"
    elif scheme.startswith(("mysql", "mariadb")):
        why = f"No study was ever tested on it. {_write()}"
    return ConfigError(
        f"the address of a database must begin with {' or '.join(s + '://' for s in SCHEMES)}", shown, why
    )


def _write() -> str:
    return f"Write {FORM}."
