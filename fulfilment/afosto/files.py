"""Fetching a file that Afosto names by a web address: its bytes come to us, our token goes to Afosto only."""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from backoffice.answers import kind_of_error, told_as_remote_errors
from backoffice.errors import RemoteContractError, RemoteNotReached
from backoffice.transport import read_at_most
from fulfilment.afosto.calls import AfostoCalls

MAX_FILE_BYTES = 20 * 1024 * 1024
DOWNLOAD = "GET the file"
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AfostoFiles(AfostoCalls):
    """Files."""

    def download(self, url: str) -> tuple[bytes, str]:
        """The bytes at ``url`` (20 MiB at most) and their content type, "" where none is told. Redirects are not taken.

        The token goes along only to the API's own origin. Elsewhere only https and public addresses are fetched from.
        Raises RemoteError.
        """
        is_own = _origin(url) == _origin(str(self._http.base_url))
        address = "" if is_own else _public_address(url)
        self._deadline.start(self._patience.deadline_s)
        with told_as_remote_errors(DOWNLOAD), self._stream(url, address) as response:
            status = response.status_code
            if not response.is_success:
                kind = kind_of_error(response) if status >= 400 else RemoteContractError
                raise kind(DOWNLOAD, f"answered {status}", status)
            body = read_at_most(response.iter_bytes(), MAX_FILE_BYTES, self._deadline)
            return body, response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @contextmanager
    def _stream(self, url: str, address: str) -> Iterator[httpx.Response]:
        """The file at our own origin, or (with an address) elsewhere, from that very address and without our token."""
        accept = {"Accept": "*/*"}
        if not address:
            with self._http.stream("GET", url, headers=accept) as response:
                yield response
            return
        asked = httpx.URL(url)
        request = self._http.build_request(
            "GET",
            asked.copy_with(host=address),  # not looked up again: a name may lead elsewhere the next time
            headers={**accept, "Host": asked.netloc.decode("ascii")},
            extensions={"sni_hostname": asked.raw_host.decode("ascii")},
        )
        request.headers.pop("Authorization", None)
        response = self._http.send(request, stream=True, auth=httpx.Auth())
        try:
            yield response
        finally:
            response.close()


def _origin(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        raise RemoteContractError(DOWNLOAD, "its address cannot be read") from None
    return parts.scheme, (parts.hostname or "").lower(), port


def _public_address(url: str) -> str:
    """Where the host of ``url`` is found.

    Raises RemoteContractError for what is not https, and for hosts that stand inside a network of ours.
    """
    scheme, host, port = _origin(url)
    if scheme != "https" or not host:
        raise RemoteContractError(DOWNLOAD, "its address is not https")
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise RemoteNotReached(DOWNLOAD, f"{host[:100]} cannot be found") from None
    if not found or not all(_is_public(ipaddress.ip_address(address)) for address in found):
        raise RemoteContractError(DOWNLOAD, f"{host[:100]} is inside a private network")
    return found[0]


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address in NAT64 or address.sixtofour or address.teredo):
        return False  # an IPv4 address in disguise
    return address.is_global and not address.is_multicast
