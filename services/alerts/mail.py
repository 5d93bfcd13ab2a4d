"""Mail over SMTP, encrypted before anything is said. The library's calls run in a thread."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial

from services.alerts.fitting import in_characters, one_line
from services.alerts.post import Poster
from services.domain.alerts import Notice
from services.ports import Clock

SUBJECT_CHARACTERS_MAX = 150
TEXT_CHARACTERS_MAX = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Mail to some addresses. `security` is `ssl` (mostly port 465), `starttls` (587), or `none`.

    With `starttls` a server that does not offer it is a fault: nothing is sent in the clear. A
    message that only some addresses take is a fault too. `tls` None trusts what the system trusts.
    """

    name: str
    poster: Poster
    clock: Clock
    host: str
    port: int
    security: str
    sender: str
    to: tuple[str, ...]
    user: str = ""
    token: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None

    async def send(self, notice: Notice) -> None:
        """Send one message to all addresses.

        Raises:
            AlertFault: It was not taken, by one address or by all.
        """
        deadline_s = self.poster.deadline_s
        try:
            async with asyncio.timeout(deadline_s):
                refused = await asyncio.to_thread(partial(self._deliver, self._message(notice)))
        except TimeoutError:
            raise self.poster.fault(f"no answer within {deadline_s:g} s") from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            # Not chained: a server may repeat what it was told.
            raise self.poster.fault(_why(error)) from None
        if refused:
            raise self.poster.fault(f"not taken for {', '.join(refused)}")

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = in_characters(one_line(notice.title), SUBJECT_CHARACTERS_MAX)
        message["From"], message["To"] = self.sender, ", ".join(self.to)
        message["Date"] = format_datetime(self.clock.now())
        message["Auto-Submitted"] = "auto-generated"
        # Base64 passes every server; of lines of eight bits an old one makes what it likes.
        message.set_content(in_characters(notice.text or notice.title, TEXT_CHARACTERS_MAX), cte="base64")
        return message

    def _deliver(self, message: EmailMessage) -> tuple[str, ...]:
        """Return the addresses the server does not take the message for."""
        # Each single step gets the deadline too, so that the thread ends soon after it.
        with self._connected() as server:
            if self.user:
                server.login(self.user, self.token)
            return tuple(server.send_message(message))

    def _connected(self) -> smtplib.SMTP:
        timeout_s = self.poster.deadline_s
        if self.security == "ssl":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=timeout_s, context=self._context())
        server = smtplib.SMTP(self.host, self.port, timeout=timeout_s)
        if self.security == "starttls":
            try:
                server.starttls(context=self._context())
            except BaseException:
                server.close()
                raise
        return server

    def _context(self) -> ssl.SSLContext:
        return self.tls or ssl.create_default_context()


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"not taken for {', '.join(error.recipients)}"
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    return str(error) or type(error).__name__
