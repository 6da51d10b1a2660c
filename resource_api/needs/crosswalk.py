"""WHICH NEED A CLINICAL CODE EXPRESSES: ICD-10-CM by prefix, LOINC and SDOHCC exactly."""

import re

from resource_api.errors import BadQuery
from resource_api.needs.vocabulary import vocabulary

_ICD10 = re.compile(r"[A-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?")
_LOINC = re.compile(r"\d{1,7}-\d")
# How much a need counts that a code expresses less exactly than another.
LESS_SPECIFIC = 0.5
SYSTEMS = ("icd10", "loinc", "sdohcc")


def needs_for_code(code: str) -> tuple[tuple[str, float], ...]:
    """List the needs that a code expresses, each with how much it counts (1 for the best reading).

    `code` is `Z59.41`, `icd10|Z59.41`, `loinc|88122-7` or `sdohcc|food-insecurity`. An ICD-10-CM code finds needs
    mapped to it, to any of its prefixes, or to codes below it. Raises BadQuery where it is no code, or expresses no
    need that we know.
    """
    system, bar, value = code.strip().rpartition("|")
    system = system.lower().replace("-", "").removesuffix("cm")
    value = value.strip()
    if not bar:
        system = "icd10" if _ICD10.fullmatch(value.upper()) else "loinc" if _LOINC.fullmatch(value) else "sdohcc"
    if system == "icd10":
        # Fewer than three characters name a chapter at most, and would mean nearly every need.
        found = _icd10_needs(value) if _ICD10.fullmatch(value.upper()) else {}
    elif system == "loinc":
        found = {need.slug: 1.0 for need in vocabulary().needs.values() if value in need.loinc}
    elif system == "sdohcc":
        found = {need.slug: 1.0 for need in vocabulary().needs.values() if value.lower() in need.sdohcc}
    else:
        raise BadQuery(f"unknown code system {system!r}", field="code", hint="one of " + ", ".join(SYSTEMS))
    if not found:
        raise BadQuery(
            f"the code {code!r} expresses no need in our vocabulary",
            field="code",
            hint="for example Z59.41, icd10|Z59.41, loinc|88122-7 or sdohcc|food-insecurity; /needs lists every code",
        )
    return tuple(_prefer_children(found).items())


def _prefer_children(found: dict[str, float]) -> dict[str, float]:
    """Count a top-level need less beside its own child: the child says better what the code means."""
    parents = {vocabulary().needs[slug].parent for slug, weight in found.items() if weight == 1.0}
    return {slug: LESS_SPECIFIC if slug in parents else weight for slug, weight in found.items()}


def _icd10_needs(value: str) -> dict[str, float]:
    asked = value.upper().replace(".", "")
    best: dict[str, int] = {}
    for need in vocabulary().needs.values():
        for code in need.icd10:
            known = code.replace(".", "")
            if asked.startswith(known) or known.startswith(asked):
                best[need.slug] = max(best.get(need.slug, 0), min(len(known), len(asked)))
    # A longer mapped prefix is the better reading: F53.0 is postpartum depression before it is any F code.
    longest = max(best.values(), default=0)
    return {slug: 1.0 if length == longest else LESS_SPECIFIC for slug, length in best.items()}
