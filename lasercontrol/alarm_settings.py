"""Alarms of an aging config: what becomes one, who is told of it and how, what is silenced, where metrics are read.

No secret stands in a config: a password, a signing key or a token is named by where it is read from, `env:NAME` or
`file:PATH`.
"""

from datetime import datetime
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = [
    "FOR_S",
    "AlarmSettings",
    "KindName",
    "MailSettings",
    "MetricsSettings",
    "SeverityName",
    "SilenceSettings",
    "WebhookSettings",
]

Real = Annotated[float, Field(strict=True)]  # strict: `true` and "12" are no numbers
Count = Annotated[int, Field(strict=True)]
KindName = Literal[
    "sudden",
    "rapid",
    "wear",
    "end-of-life",
    "limit",
    "power-loss",
    "coupling",
    "instrument",
    "rig",
    "fleet",
    "interlock",
    "gap",
    "storage",
]
SeverityName = Literal["info", "warning", "alarm", "critical"]
Secret = Annotated[str, Field(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)]
LOOPBACK = ("127.0.0.1", "localhost", "::1")

FOR_S: dict[KindName, float] = {"instrument": 5.0, "rig": 5.0, "fleet": 60.0}
"""How long a condition must last before it is an alarm, in s, where `for_s` names no other; the rest fire at once:
their detectors have confirmed them, and a power loss must be told within two samples. One reading that timed out is
no alarm."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class SilenceSettings(_Settings):
    """Alarms that are raised, kept and listed, but of which nobody is told until a moment."""

    until: AwareDatetime
    """When it ends, with its zone, as 2026-11-26T08:00:00+01:00."""
    why: str = Field(min_length=1)
    """For the list of alarms."""
    laser: str | None = None
    """One laser's id; without it, all, and the rack."""
    kind: KindName | None = None
    """One kind; without it, every kind."""

    @field_validator("until", mode="before")
    @classmethod
    def _with_a_zone(cls, value: object) -> object:
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError("has no zone; write it as 2026-11-26T08:00:00+01:00, or with Z at its end for UTC")
        return value


class MailSettings(_Settings):
    """Messages by e-mail (SMTP)."""

    name: Name = "mail"
    """Of this way of delivery; what is still to be delivered is kept under it, so it must not change meanwhile."""
    host: str = Field(min_length=1)
    """Of the mail server."""
    port: Count = Field(default=587, ge=1, le=65535)
    """587 for starttls, 465 for tls, 25 for none, as a rule."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """starttls: encrypted before anything is said; tls: from the start; none: in the clear."""
    ca_file: str | None = None
    """Certificates to trust in place of the system's, of a lab with its own."""
    sender: str = Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")
    """Address."""
    recipients: tuple[Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")], ...] = Field(min_length=1, max_length=50)
    """Addresses."""
    username: str | None = None
    """Where the server wants one."""
    password_from: Secret | None = None
    """env:NAME or file:PATH."""
    least_severity: SeverityName = "alarm"
    """What is less severe is not told."""
    timeout_s: Real = Field(default=20.0, gt=0, le=300)
    """For one answer of the server."""

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if (self.username is None) != (self.password_from is None):
            raise ValueError("username and password_from belong together")
        if self.username is not None and self.security == "none" and self.host not in LOOPBACK:
            raise ValueError(f"would send the password to {self.host} in the clear; security must be starttls or tls")
        return self


class WebhookSettings(_Settings):
    """Messages as JSON, by HTTP POST."""

    name: Name = "webhook"
    """Of this way of delivery; what is still to be delivered is kept under it, so it must not change meanwhile."""
    url: str
    """http:// or https://; or env:NAME or file:PATH where the address itself is a secret."""
    secret_from: Secret | None = None
    """env:NAME or file:PATH of a key: then a header carries a signature (HMAC, SHA-256) of time and body."""
    ca_file: str | None = None
    """Certificates to trust in place of the system's, of a lab with its own."""
    proxy: bool = False
    """Whether to go through the proxy that the environment names."""
    least_severity: SeverityName = "warning"
    """What is less severe is not told."""
    timeout_s: Real = Field(default=20.0, gt=0, le=300)
    """For one answer of the server."""

    @field_validator("url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value.startswith(("env:", "file:")):
            return value
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("is no http:// or https:// address")
        if parts.username or parts.password:
            raise ValueError("holds a password; name it by env:NAME or file:PATH")
        return value


class MetricsSettings(_Settings):
    """Figures for Prometheus, at /metrics."""

    host: str = "127.0.0.1"
    """Address to listen on; any other than this machine's own needs token_from."""
    port: Count = Field(default=9464, ge=0, le=65535)
    """0: any free one."""
    token_from: Secret | None = None
    """env:NAME or file:PATH of a token that a reader must send (Authorization: Bearer)."""
    host_names: tuple[str, ...] = ()
    """Names by which readers may call this machine besides its address and localhost."""

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.host not in LOOPBACK and self.token_from is None:
            raise ValueError(f"host {self.host} is reached from outside this machine; that needs token_from")
        return self


class AlarmSettings(_Settings):
    """What becomes an alarm and when, and who is told."""

    for_s: dict[KindName, Annotated[float, Field(strict=True, ge=0, le=86_400)]] = {}
    """How long a condition must last, per kind, before it is an alarm; without one: instrument and rig 5, fleet 60, the
    others 0."""
    clear_after_s: Real = Field(default=30.0, ge=0, le=86_400)
    """How long it must be gone before the alarm is over: one that comes and goes meanwhile stays one alarm."""
    gap_s: Real = Field(default=30.0, gt=0, le=86_400)
    """A pause of the log longer than this counts for neither of the two: nobody has looked meanwhile."""
    latching: tuple[KindName, ...] = (
        "sudden",
        "rapid",
        "wear",
        "end-of-life",
        "limit",
        "power-loss",
        "interlock",
        "storage",
    )
    """Kinds that stay listed until somebody has acknowledged them, although their cause is gone."""
    group_wait_s: Real = Field(default=2.0, ge=0, le=600)
    """How long alarms are collected before a message tells of them together."""
    group_pause_s: Real = Field(default=30.0, ge=0, le=86_400)
    """Least time between two messages the same way."""
    retry_first_s: Real = Field(default=5.0, gt=0, le=3600)
    """Pause after a delivery has failed for the first time; it doubles every time."""
    retry_most_s: Real = Field(default=300.0, gt=0, le=86_400)
    """Longest such pause; a delivery is never given up."""
    mails: tuple[MailSettings, ...] = ()
    """Ways by e-mail."""
    webhooks: tuple[WebhookSettings, ...] = ()
    """Ways by HTTP."""
    silences: tuple[SilenceSettings, ...] = ()
    """What is silenced from the start; `lasercontrol alarms` silences later on."""
    metrics: MetricsSettings | None = None
    """Without it, none are served."""

    @model_validator(mode="after")
    def _each_way_once(self) -> Self:
        names = [mail.name for mail in self.mails] + [webhook.name for webhook in self.webhooks]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two ways of delivery are called {twice[0]}; each needs a name of its own")
        if self.retry_most_s < self.retry_first_s:
            raise ValueError(f"retry_most_s {self.retry_most_s:g} is below retry_first_s {self.retry_first_s:g}")
        return self
