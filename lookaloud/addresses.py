"""What an address gives away, and where it leads: passwords and signatures to leave out, networks not to enter.

What counts as a secret stands in `_SECRET` and beside it. A secret in the path of an address, or under a name that is
not listed there, is written down.
"""

from __future__ import annotations

import ipaddress
import re
import threading
from typing import TypeAlias
from urllib.parse import unquote_plus, urlsplit

IP: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# Parts of a query that let somebody in and do not say which picture is meant, in small letters.
_WORDS = """
    access_key access_token accesskey accesskeyid accesstoken api-key api_key apikey auth auth_token authorization
    authtoken awsaccesskeyid bearer client_secret credential credentials expires googleaccessid id_token jwt key-pair-id
    ossaccesskeyid pass passwd password policy private_token pwd refresh_token sas secret security-token session
    session_id sessionid sessiontoken sig sign signature signed subscription-key token upload-policy user_token
    x-api-key
"""
_SECRET = frozenset(_WORDS.split())
_SECRET_BEGINNINGS = ("x-amz-", "x-goog-", "x-oss-", "x-cos-", "x-obs-", "x-ms-", "q-sign", "q-ak", "q-key-time")
# Azure's shared access signatures: short names that say something else in other addresses, so only beside `sig`.
_AZURE_WORDS = "se sp sv sr st spr si sip ss srt skoid sktid skt ske sks skv sdd saoid suoid scid"
_AZURE = frozenset(_AZURE_WORDS.split())
_MOST_KEPT = 100_000

# Names that private networks give to their own computers (RFC 6762, RFC 8375, and what routers use).
_LOCAL_ENDINGS = (".local", ".localhost", ".lan", ".home", ".home.arpa", ".internal", ".intranet", ".private", ".corp")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def without_secrets(url: str) -> str:
    """Return the address as it may be written down: without user, password, signature or token.

    >>> without_secrets("https://ann:pw@host/a.jpg?size=2&X-Amz-Signature=0f&token=1")
    'https://host/a.jpg?size=2'
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    host, tail = _host_and_tail(rest)
    front, mark, fragment = tail.partition("#")
    path, question, query = front.partition("?")
    if question:
        query = _public_query(query)
        question = "?" if query else ""
    if _query_has_secrets(fragment):
        mark = fragment = ""
    if "://" in path:  # an address inside an address, as fsspec chains them
        path = without_secrets(path)
    return f"{scheme}://{host}{path}{question}{query}{mark}{fragment}"


def hide_secrets(text: str) -> str:
    """Return a text with the secrets left out of every address in it.

    >>> hide_secrets("no answer from https://ann:pw@host/a.jpg")
    'no answer from https://host/a.jpg'
    """
    return re.sub(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s'\"<>]+", lambda found: without_secrets(found[0]), text)


class Known:
    """The addresses with secrets that this process was given, by the names under which they are written down.

    So that an export of the same command can read a picture again. Threads may share one.
    """

    def __init__(self) -> None:
        self._addresses: dict[str, str] = {}
        self._lock = threading.Lock()

    def keep(self, url: str) -> str:
        """Return the name of an address: itself without its secrets, and with a number where another one has that name.

        The same addresses in the same order always get the same names.
        """
        name = plain = without_secrets(url)
        if plain == url:
            return url
        with self._lock:
            number = 1
            while _keys(self._addresses.get(name, url)) != _keys(url):
                number += 1
                name = f"{plain}#{number}"
            if len(self._addresses) < _MOST_KEPT or name in self._addresses or number > 1:
                self._addresses[name] = url
        return name

    def address(self, name: str) -> str:
        """Return the address to ask for what has that name."""
        return self._addresses.get(name, name)


KNOWN = Known()


def is_public(address: IP) -> bool:
    """Whether an address is one of the internet: not of this computer, of a private network or of a special kind.

    >>> [is_public(ipaddress.ip_address(ip)) for ip in ("1.1.1.1", "169.254.169.254", "::ffff:10.0.0.1", "100.64.0.1")]
    [True, False, False, False]
    """
    inner = _inner(address)
    return inner.is_global and not inner.is_multicast and not inner.is_reserved and not inner.is_unspecified


def same_computer(one: IP, other: IP) -> bool:
    """Return whether two addresses are those of one computer, as far as they tell."""
    return _inner(one) == _inner(other) or (_inner(one).is_loopback and _inner(other).is_loopback)


def names_private(host: str) -> bool:
    """Whether a host as it is written says by itself that it is of no public network: 127.0.0.1, nas, printer.local.

    A name such as pictures.example.org does not, wherever it leads.
    """
    name = host.rstrip(".").lower()
    try:
        return not is_public(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        return "." not in name or name.endswith(_LOCAL_ENDINGS)


def is_odd_number(host: str) -> bool:
    """Return whether a host is an address in a spelling that hides it, such as 2130706433, 0x7f.1 or 0177.0.0.1."""
    name = host.rstrip(".").lower()
    if not re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)", name.rpartition(".")[2]):
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return True
    return False


def _inner(address: IP) -> IP:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _host_and_tail(rest: str) -> tuple[str, str]:
    """Return the host of what stands behind ://, without user and password, and what follows it."""
    end = min((found for sign in "/?#" if (found := rest.find(sign)) >= 0), default=len(rest))
    if re.search(r":(?!\d*$)", re.sub(r"\[[^\]]*\]", "", rest[:end])) and "@" in rest[end:]:
        # A password with one of those signs in it: no address that works, and still a password.
        return _host_and_tail(rest.partition("@")[2])
    return rest[:end].rpartition("@")[2], rest[end:]


def _public_query(query: str) -> str:
    parts = query.split("&")
    names = {_name(part) for part in parts}
    azure = _AZURE if "sig" in names else frozenset()
    return "&".join(part for part in parts if not _is_secret(part) and _name(part) not in azure)


def _query_has_secrets(fragment: str) -> bool:
    return "=" in fragment and any(map(_is_secret, fragment.split("&")))


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0]).strip().lower()


def _is_secret(part: str) -> bool:
    name = _name(part)
    if name == "key":  # elsewhere the name of a file, or its number
        value = unquote_plus(part.partition("=")[2])
        return not (value.isdigit() or re.search(r"[./]", value))
    return name in _SECRET or name.startswith(_SECRET_BEGINNINGS)


def _keys(url: str) -> list[str]:
    """Return what is left out of an address and may yet say which picture is meant."""
    return [part for part in urlsplit(url).query.split("&") if _name(part) == "key" and _is_secret(part)]
