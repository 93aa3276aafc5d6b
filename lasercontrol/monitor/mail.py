"""Delivery by e-mail: one SMTP conversation a message, encrypted unless the settings say otherwise."""

import hashlib
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from lasercontrol.alarm_settings import MailSettings
from lasercontrol.monitor.finding import Severity
from lasercontrol.monitor.outbox import Delivery
from lasercontrol.monitor.secret import secret
from lasercontrol.monitor.transition import utc_moment

__all__ = ["Mail"]

LONGEST_LINE = 900  # of 998 that mail allows: a subject that is broken at its first word begins with a blank


class Mail:
    """A way of delivery; see `lasercontrol.monitor.delivery.Way`."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self.name = settings.name
        self.least = Severity[settings.least_severity.upper()]

    def check(self) -> None:
        """CallerError where its password is missing."""
        if self._settings.password_from is not None:
            secret(self._settings.password_from)

    def send(self, delivery: Delivery) -> str:
        """Hand it to the server; gives whom it refused, "" when nobody. Raises OSError or SMTPException."""
        settings = self._settings
        with self._connected() as server:
            if settings.username is not None and settings.password_from is not None:
                server.login(settings.username, secret(settings.password_from))
            refused = server.send_message(self._letter(delivery))
        if not refused:
            return ""
        return "refused: " + ", ".join(f"{address} ({code})" for address, (code, _) in refused.items())

    def _connected(self) -> smtplib.SMTP:
        settings, own = self._settings, socket.gethostname()  # not its full name: that asks the network
        if settings.security == "none":
            return smtplib.SMTP(settings.host, settings.port, own, settings.timeout_s)
        trust = ssl.create_default_context(cafile=settings.ca_file)
        if settings.security == "tls":
            return smtplib.SMTP_SSL(settings.host, settings.port, own, timeout=settings.timeout_s, context=trust)
        server = smtplib.SMTP(settings.host, settings.port, own, settings.timeout_s)
        try:
            server.starttls(context=trust)
        except BaseException:
            server.close()
            raise
        return server

    def _letter(self, delivery: Delivery) -> EmailMessage:
        letter = EmailMessage(SMTP.clone(max_line_length=LONGEST_LINE))
        letter["Subject"] = delivery.message.subject
        letter["From"] = self._settings.sender
        letter["To"] = ", ".join(self._settings.recipients)
        letter["Date"] = format_datetime(utc_moment(delivery.made_utc_s))
        # the same at every try: a mail server that has it already may drop the second
        letter["Message-ID"] = f"<{hashlib.sha256(delivery.key.encode()).hexdigest()[:32]}@lasercontrol.invalid>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(delivery.message.body)
        return letter
