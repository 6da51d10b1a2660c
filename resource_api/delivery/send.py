"""HOW ONE ATTEMPT IS MADE, and what its receiver's answer means. No transaction is open meanwhile.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability
"""

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from resource_api.delivery.claim import Errand
from resource_api.delivery.compose import Call
from resource_api.delivery.letters import Letter
from resource_api.delivery.mail import MailServer, send_letter
from resource_api.delivery.schedule import read_retry_after
from resource_api.delivery.sign import sign_headers
from resource_api.egress import Egress
from resource_api.errors import Refused

# The whole of one attempt: name, connection, request, and answer.
DEADLINE_S = 15.0
USER_AGENT = "community-resource-api"
# What is read of an answer, and thrown away: enough for a polite one.
MOST_BYTES = 64 * 1024

End = Literal["delivered", "failed", "gone", "hopeless"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended.

    `failed` is tried again, on the schedule; `hopeless` never; `gone`: its receiver wants nothing more at all.
    """

    errand: Errand
    end: End
    at: datetime
    status: int | None = None
    reason: str | None = None
    not_before: datetime | None = None


def send(errand: Errand, egress: Egress, mail_server: MailServer | None, clock: Callable[[], datetime]) -> Outcome:
    """Make one attempt; whatever happens is an outcome."""
    if clock() >= errand.leased_until:
        return Outcome(errand, "failed", clock(), reason="lease-ran-out")  # which settles nothing
    try:
        match errand.message:
            case Call() as call:
                return _call(errand, call, egress, clock)
            case Letter() as letter:
                return _mail(errand, letter, mail_server, clock)
    except Exception as error:  # a fault of one message is that message's alone
        return Outcome(errand, "failed", clock(), reason=f"fault-{type(error).__name__}")
    return Outcome(errand, "failed", clock(), reason=f"unwritable-{errand.fault}")


def _call(errand: Errand, call: Call, egress: Egress, clock: Callable[[], datetime]) -> Outcome:
    headers = sign_headers(call.keys, errand.delivery_id, call.body, now=clock())
    headers |= {"Content-Type": "application/json", "User-Agent": USER_AGENT}
    try:
        answer = egress.request(
            "POST", call.url, headers=headers, body=call.body, timeout_s=DEADLINE_S, most_bytes=MOST_BYTES
        )
    except Refused:
        return Outcome(errand, "failed", clock(), reason="no-answer")
    now, status = clock(), answer.status
    if 200 <= status < 300:
        return Outcome(errand, "delivered", now, status)
    if status == 410:
        return Outcome(errand, "gone", now, status, "status-410")
    not_before = read_retry_after(answer.headers.get("retry-after"), now=now)
    return Outcome(errand, "failed", now, status, f"status-{status}", not_before)


def _mail(errand: Errand, letter: Letter, server: MailServer | None, clock: Callable[[], datetime]) -> Outcome:
    if server is None:
        return Outcome(errand, "failed", clock(), reason="no-mail-server")
    try:
        send_letter(server, letter, errand.delivery_id)
    except smtplib.SMTPRecipientsRefused as error:
        status = next(iter(error.recipients.values()))[0]
        return Outcome(errand, "hopeless" if status >= 500 else "failed", clock(), status, f"smtp-{status}")
    except smtplib.SMTPResponseException as error:
        return Outcome(errand, "failed", clock(), error.smtp_code, f"smtp-{error.smtp_code}")
    except (OSError, smtplib.SMTPException, Refused) as error:
        return Outcome(errand, "failed", clock(), reason=f"mail-{type(error).__name__}")
    return Outcome(errand, "delivered", clock(), 250)
