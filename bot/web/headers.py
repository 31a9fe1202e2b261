"""The headers of every answer, and the Host headers of requests that are meant for this page."""

import ipaddress
import re
from collections.abc import Collection

# Telegram's client in a browser shows Mini Apps in a frame; others show them as a page.
TELEGRAM_WEB = "https://web.telegram.org"
NOBODY = "'none'"

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "require-trusted-types-for": "'script'",
    # The name of the one policy that static/page.js makes.
    "trusted-types": "page",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?", re.ASCII | re.IGNORECASE)


def headers(frame_ancestors: str) -> dict[str, str]:
    """Return the headers of every answer; `frame_ancestors` are origins, or NOBODY."""
    policy = POLICY | {"frame-ancestors": frame_ancestors}
    content = {"Content-Security-Policy": "; ".join(f"{name} {policy[name]}" for name in policy)}
    alone = {"X-Frame-Options": "DENY"} if frame_ancestors == NOBODY else {}
    return HEADERS | content | alone


def is_own_host(host: str, names: Collection[str]) -> bool:
    """Tell whether a Host header is one of `names`, or this machine, with any port.

    Otherwise a page elsewhere could let its own name lead here, and read the answers. Ports differ
    in tunnels.
    """
    found = HOST.fullmatch(host)
    if found is None:
        return False
    name = found["name"].strip("[]").lower()
    if name in {"localhost", *names}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
