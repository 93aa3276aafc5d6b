"""Delivery by HTTP POST of JSON, with a signature where a key is given."""

import hashlib
import hmac
import json
import ssl
import time
from email.message import Message as Headers
from http.client import HTTPException
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from lasercontrol import __version__
from lasercontrol.alarm_settings import WebhookSettings
from lasercontrol.errors import CallerError, LinkError
from lasercontrol.monitor.finding import Severity
from lasercontrol.monitor.outbox import Delivery
from lasercontrol.monitor.secret import secret

__all__ = ["SIGNATURE", "Webhook", "signature"]

SIGNATURE, STAMP, KEY = "X-Lasercontrol-Signature", "X-Lasercontrol-Timestamp", "X-Lasercontrol-Delivery"


def signature(key: str, stamp: str, body: bytes) -> str:
    """`sha256=` and the HMAC of time stamp, a full stop and body: what a receiver computes and compares."""
    return "sha256=" + hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Webhook:
    """A way of delivery; see `lasercontrol.monitor.delivery.Way`. An error of it never holds the address's path."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings
        self.name = settings.name
        self.least = Severity[settings.least_severity.upper()]

    def check(self) -> None:
        """CallerError where its address or key is missing."""
        self._url()
        if self._settings.secret_from is not None:
            secret(self._settings.secret_from)

    def send(self, delivery: Delivery) -> str:
        """Post it. Raises LinkError unless the answer is 2xx; another address that it names is not followed."""
        url = self._url()
        where = urlsplit(url).hostname
        body = json.dumps({"delivery": delivery.key, **delivery.message.payload}, allow_nan=False).encode()
        request = Request(url, body, self._headers(delivery, body), method="POST")  # noqa: S310 — http or https alone
        try:
            with self._opener().open(request, timeout=self._settings.timeout_s):
                return ""
        except HTTPError as error:
            with error:
                raise LinkError(f"{where} answers {error.code}") from None
        except URLError as error:
            raise LinkError(f"{where}: {error.reason}") from None
        except (HTTPException, OSError, ValueError) as error:  # their words may hold the whole address
            raise LinkError(f"{where}: {type(error).__name__}") from None

    def _url(self) -> str:
        url = self._settings.url
        if url.startswith(("env:", "file:")):
            source, url = url, secret(url)
            if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
                raise CallerError(f"the secret {source} is no http:// or https:// address.")
        return url

    def _headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"lasercontrol/{__version__}",
            STAMP: stamp,
            KEY: quote(delivery.key, safe="/"),  # the same at every try
        }
        if self._settings.secret_from is not None:
            headers[SIGNATURE] = signature(secret(self._settings.secret_from), stamp, body)
        return headers

    def _opener(self) -> OpenerDirector:
        trust = ssl.create_default_context(cafile=self._settings.ca_file)
        proxies = ProxyHandler() if self._settings.proxy else ProxyHandler({})
        return build_opener(proxies, HTTPSHandler(context=trust), _NoRedirect)


class _NoRedirect(HTTPRedirectHandler):
    """Alarms go where the settings say, and nowhere else."""

    def redirect_request(
        self, _request: Request, _file: IO[bytes], _code: int, _text: str, _headers: Headers, _url: str
    ) -> None:
        return None
