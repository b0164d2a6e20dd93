"""Who is served: nobody but the page, on this machine's own address.

Any page that the user has open elsewhere can send requests to 127.0.0.1; so names that
only lead here (DNS rebinding), and pages of other origins, are turned away. Other users
of this machine can connect; they do not know the token, and a note's random name even
less.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from typing import TYPE_CHECKING

from aiohttp import web
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.web_protocol import RequestHandler

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

__all__ = ["Crowd", "Few", "add_headers", "guard", "is_token"]

_HOST = re.compile(r"(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?")
"""With any port: the forwarded one may have another number on the user's side."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:;"
    " connect-src 'self' ws://{host}; media-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
_MOST = 24
"""Connections at a time; a page needs about four."""
_SOON_S = 0.02
_MOST_RECORDS = 50


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn away what is no request of the page.

    Raises:
        HTTPForbidden: It comes from elsewhere.
        HTTPMethodNotAllowed: It wants to change something.
    """
    if request.method not in {"GET", "HEAD"}:
        raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD"])
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise web.HTTPForbidden
    origins = request.headers.getall("Origin", [])
    if any(origin != f"http://{hosts[0]}" for origin in origins):
        raise web.HTTPForbidden
    is_page = request.path == "/"
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site != "same-origin" and not is_page:
        raise web.HTTPForbidden
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Say what a browser may do with an answer: nothing but show and play it."""
    for name, value in _HEADERS.items():
        response.headers[name] = value
    host = request.headers.get("Host", "")
    if _HOST.fullmatch(host):
        response.headers["Content-Security-Policy"] = _POLICY.format(host=host)
    response.headers.pop("Server", None)


def is_token(said: object, token: str) -> bool:
    """Tell whether somebody knows the token; how long that takes tells nothing."""
    return isinstance(said, str) and hmac.compare_digest(
        said.encode(errors="replace"), token.encode()
    )


class Few(logging.Filter):
    """Lets the first records pass: what strangers do must not fill the disk."""

    def __init__(self) -> None:
        super().__init__()
        self._left = _MOST_RECORDS

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record passes."""
        self._left -= 1
        return self._left >= 0


class Crowd:
    """Makes what serves each connection, and keeps them few.

    When there are too many, the oldest one goes that has not shown that it knows a
    secret: whoever holds connections open for nothing shuts out nobody.

    Args:
        server: Makes the handler of a connection.
    """

    def __init__(self, server: web.Server) -> None:
        self._server = server
        self._trusted: set[RequestHandler] = set()
        self._is_due = False
        self._came = False

    def __call__(self) -> asyncio.BaseProtocol:
        """Serve one more."""
        self._came = True
        if not self._is_due:
            self._is_due = True
            self._thin_soon()
        return self._server()

    def _thin_soon(self) -> None:
        # Not now: who was taken a moment ago can't be closed yet.
        asyncio.get_running_loop().call_later(_SOON_S, self._thin)

    def _thin(self) -> None:
        """Close the oldest strangers that are too many."""
        there = self._server.connections
        self._trusted.intersection_update(there)
        strangers = [each for each in there if each not in self._trusted]
        for each in strangers[: max(0, len(there) - _MOST)]:
            each.force_close()
        # Once more behind the last one: on a busy machine it may not be counted yet.
        self._is_due, self._came = self._came, False
        if self._is_due:
            self._thin_soon()

    def trust(self, request: web.Request) -> None:
        """Remember that a connection belongs to the page."""
        self._trusted.add(request.protocol)
