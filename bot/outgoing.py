"""Certificates and proxy of every request to Telegram.

The bot, `init` and `doctor` use them. The library for proxies is loaded only if there is one.
"""

import ipaddress
import os
import ssl
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]
    getproxies_environment,
    proxy_bypass_environment,
)

import aiohttp
import certifi

from bot.errors import Remark, WrongSettings
from bot.setting_types import PROXY_PORTS, check_proxy
from bot.settings import Settings


def trusted() -> ssl.SSLContext:
    """Return a TLS context that trusts the certificates of the system and of certifi.

    If SSL_CERT_FILE or SSL_CERT_DIR is set, which Python itself reads, certifi is left out. certifi
    is for systems that have no certificates of their own.
    """
    context = ssl.create_default_context()
    if not os.environ.get("SSL_CERT_FILE") and not os.environ.get("SSL_CERT_DIR"):
        context.load_verify_locations(certifi.where())
    return context


def proxy_of(settings: Settings) -> SplitResult | None:
    """Return the address of the proxy for requests to the Bot API server, None for no proxy.

    That is PROXY, or else what the environment says for the server; it is never used for a server
    on this machine. Raises WrongSettings if the environment's address is not valid.
    """
    if settings.proxy is not None:
        return urlsplit(settings.proxy.get_secret_value())
    server = settings.bot_api_url
    host = server.host or ""
    proxies = getproxies_environment()
    url = proxies.get(server.scheme) or proxies.get("all")
    if not url or _is_loopback(host) or proxy_bypass_environment(f"{host}:{server.port}"):
        return None
    try:
        return urlsplit(check_proxy(url if "://" in url else f"http://{url}"))
    except ValueError:
        raise WrongSettings(
            Remark(
                f"{server.scheme.upper()}_PROXY or ALL_PROXY in the environment is invalid",
                "give http://, https://, socks5:// or socks5h://, host and port, or set PROXY",
            )
        ) from None


def connector_of(settings: Settings) -> tuple[type[aiohttp.TCPConnector], dict[str, Any]]:
    """Return the class of aiohttp's connector for these settings, and the arguments to create it.

    Raises WrongSettings if the environment names a proxy whose address is not valid.
    """
    context = trusted()
    proxy = proxy_of(settings)
    if proxy is None:
        return aiohttp.TCPConnector, {"ssl": context}
    from aiohttp_socks import ProxyConnector
    from python_socks import ProxyType

    return ProxyConnector, {
        "ssl": context,
        "proxy_type": ProxyType.HTTP if proxy.scheme.startswith("http") else ProxyType.SOCKS5,
        "host": proxy.hostname,
        "port": proxy.port or PROXY_PORTS[proxy.scheme],
        "username": unquote(proxy.username) if proxy.username else None,
        "password": unquote(proxy.password or "") if proxy.username else None,
        # Where Telegram is blocked, its name is often not resolved either.
        "rdns": True,
        "proxy_ssl": context if proxy.scheme == "https" else None,
    }


def errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of a request without an answer, those of a proxy included."""
    found: tuple[type[Exception], ...] = (aiohttp.ClientError, TimeoutError, OSError)
    try:
        from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError
    except ImportError:
        return found
    return (*found, ProxyConnectionError, ProxyError, ProxyTimeoutError)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
