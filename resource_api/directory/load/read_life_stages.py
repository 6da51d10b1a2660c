"""WHICH LIFE STAGES an eligibility names, where it names nothing else.

A service with life stages is hidden from everybody else who asks by one, so only a text that is nothing but the stages
themselves is taken.
"""

import re
from functools import lru_cache

_PEOPLE = r"(?:women|woman|people|persons?|individuals?|mothers?|moms|parents|girls|teens|clients)"
_BEFORE = r"(?:(?:any|all|low[- ]income|uninsured|open to|for|serves|only)\s+)*"
_STAGES = (
    (rf"pregnant {_PEOPLE}(?: only)?", "pregnant"),
    (rf"(?:pregnant(?: and|,|/) ?(?:postpartum|post-partum|newly delivered)(?: {_PEOPLE})?)", "pregnant;postpartum"),
    (rf"(?:postpartum|post-partum) {_PEOPLE}", "postpartum"),
    (rf"pregnant {_PEOPLE},? (?:and|or) (?:new mothers|new moms|postpartum {_PEOPLE})", "pregnant;postpartum"),
    (rf"pregnant {_PEOPLE},? (?:and|or) (?:their )?(?:infants|newborns|babies)", "pregnant;infant"),
    (r"(?:infants|newborns|babies|newborn babies)(?: only)?", "infant"),
    (r"(?:infants and (?:young )?children|infants and toddlers)", "infant;child"),
    (r"(?:senior citizens|seniors|older adults|the elderly|elderly)(?: only)?", "older-adult"),
)
_PATTERNS = tuple((re.compile(_BEFORE + text, re.IGNORECASE), stages) for text, stages in _STAGES)


@lru_cache(maxsize=20_000)
def read_life_stages(text: str) -> str | None:
    """Read the life stages that a text is for, joined by semicolons; None where it is not certain."""
    if len(text) > 120:
        return None
    bare = " ".join(text.split()).rstrip(". ").strip()
    return next((stages for pattern, stages in _PATTERNS if pattern.fullmatch(bare)), None)
