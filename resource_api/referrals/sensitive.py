"""WHAT MAY HARM IF IT IS FOUND OUT: needs, codes and services that go to nobody without the person's word.

The vocabulary says which needs are sensitive. Codes that express no need of ours are judged by their chapter, and what
cannot be judged at all is not taken to be harmless where its service is.
"""

from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from resource_api.directory.document import ServiceNeed
from resource_api.errors import BadQuery
from resource_api.needs import needs_for_code, vocabulary
from resource_api.prepared import Prepared

# ICD-10-CM: HIV; mental health and substance use; violence, abuse and neglect; reproduction; sexual health.
_CHAPTERS = (
    "A5", "A60", "A63", "B20", "F", "O03", "O04", "O9A3", "O9A4", "O9A5", "R45", "T40", "T74", "T76", "X7", "X8", "X92",
    "Y04", "Y05", "Y07", "Y09", "Z113", "Z114", "Z202", "Z206", "Z21", "Z30", "Z31", "Z32", "Z33", "Z64", "Z69", "Z70",
    "Z714", "Z715", "Z717", "Z72", "Z915", "Z914", "Z6281",
)  # fmt: skip
_NEEDS = Prepared(select(ServiceNeed.need).where(ServiceNeed.service_id == bindparam("service")))


def is_sensitive(session: Session, *, needs: Iterable[str], codes: Iterable[str], service_id: str | None) -> bool:
    """Tell whether a referral would say of somebody what may harm them."""
    offered: Iterable[str] = ()
    if service_id is not None:
        offered = [need for (need,) in _NEEDS.run(session, {"service": service_id})]
    known = vocabulary().needs
    return any(slug in known and known[slug].sensitive for slug in (*needs, *offered)) or any(map(_is_sensitive, codes))


@lru_cache(maxsize=4096)
def _is_sensitive(code: str) -> bool:
    known = vocabulary().needs
    bare = code.rpartition("|")[2].strip().upper().replace(".", "")
    if bare.startswith(_CHAPTERS):
        return True
    try:
        # The readings that count less count here too: it is enough that it may be meant.
        return any(known[slug].sensitive for slug, _ in needs_for_code(code))
    except BadQuery:
        return False
