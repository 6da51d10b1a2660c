"""WHICH AGES A PROSE STATES, where it states them for certain.

Certain is one clear statement about everybody the service is for. A second age, an "or", a program, parents beside
the children: then who is meant is a question for a reader, and nothing is taken from it. The prose is kept anyway.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_WORDS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty twenty-one".split()
    )
}
_OLDEST = 110
_YOUNG_MONTHS = 36

_N = r"(?:\d{1,3}(?:\.5)?|" + "|".join(sorted(_WORDS, key=len, reverse=True)) + r")"
_UNIT = r"(?:years?|yrs?\.?|months?|mos?\.|weeks?|wks?\.?)"
_OLD = r"(?:[\s-]*(?:old\b|of[\s-]age\b))?"
_AGED = r"(?:(?:between\s+)?(?:the\s+)?\b(?:ages?d?|age\s+group)\b\s*(?:of\s+|:\s*|is\s+)?)"

_RANGE = re.compile(
    rf"{_AGED}?(?P<low>birth|newborns?|infancy|{_N})(?:\s*(?P<lowunit>{_UNIT}){_OLD})?"
    rf"\s*(?:-|–|—|to|through|thru|until|up to|and(?=\s+{_N}\s*{_UNIT}))\s*(?:the\s+)?(?:age\s+)?(?:of\s+)?"
    rf"(?P<high>{_N})(?:[\s-]*(?P<highunit>{_UNIT}){_OLD}|(?!\s*[%$\w]))",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    rf"{_AGED}?(?P<low>\b{_N})(?:[\s-]*(?P<unit>{_UNIT}){_OLD})?\s*(?:and|or|&)\s*(?:older|over|above|up)\b(?:\s+of\s+age\b)?"
    rf"|{_AGED}?(?P<plus>\b{_N})\s*\+(?:\s*(?P<plusunit>years?)\b{_OLD})?"
    rf"|\bat\s+least\s+(?P<least>{_N})\s*(?P<leastunit>{_UNIT}){_OLD}"
    rf"|\b(?:minimum\s+age(?:\s+is)?|at\s+least\s+age|over\s+(?:the\s+)?age(?:\s+of)?)\s*(?P<minimum>{_N})\b",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    rf"\b(?:up\s+to|through)\s+(?:and\s+including\s+)?(?:the\s+)?age\s+(?:of\s+)?(?P<upto>{_N})\b"
    rf"|\b(?P<under>under|younger\s+than|below)\s+(?:the\s+age\s+of\s+|age\s+)?(?P<below>{_N})"
    rf"(?:\s*(?P<belowunit>{_UNIT}){_OLD})?(?!\s*[%$\w])"
    rf"|{_AGED}?(?P<most>\b{_N})(?:\s*(?P<mostunit>{_UNIT}){_OLD})?\s*(?:and|or|&)\s*(?:under|younger)\b",
    re.IGNORECASE,
)
# "over 16" alone could speak of anything; with people before it, of their age.
_PEOPLE_OVER = re.compile(
    rf"\b(?:anyone|everyone|persons?|people|individuals?|adults?|residents|men|women|youth)\s+over\s+(?P<low>{_N})(?!\s*[%$\w])",
    re.IGNORECASE,
)

_UNCERTAIN = re.compile(
    # alternatives and exceptions
    r"\b(?:or|and/or|if|unless|except|exceptions?|but|also|plus|including|and\s+(?:\w+\s+){0,2}"
    r"(?:persons|people|individuals|those|residents|anyone)|"
    # not quite everybody, or not always
    r"some|most|many|primarily|mainly|mostly|usually|generally|preferably|preference|priority|varies|vary|depending|"
    r"targeted|all ages|any age|others?|"
    # a part of the service, or what it costs
    r"programs?|class(?:es)?|groups?|clinics?|lessons?|camps?|grades?|admission|free|fees?|cost|eat|discount\w*|tickets?|"
    r"income limitations?|"
    # people beside those of that age, or who help them
    r"families|family|parents?|parenting|mothers?|fathers?|moms?|dads?|caregivers?|guardians?|grandparents?|spouses?|"
    r"couples?|households?|pregnan\w*|postpartum|accompan\w*|"
    r"providers?|volunteers?|donors?|staff|employees?|to become|years? (?:of|in) service)\b",
    re.IGNORECASE,
)
_SAYS_ALL = re.compile(
    r"\b(?:anyone|everyone|any resident|all residents|open to (?:the )?(?:public|all))\b", re.IGNORECASE
)
_GROWN = re.compile(r"\b(?:women|men|adults?|females|males|seniors?)\b", re.IGNORECASE)
_ADULTS = re.compile(r"(?<!young )\badults?\b", re.IGNORECASE)
_OLD_PEOPLE = re.compile(r"\b(?:seniors?|elderly|older adults?|retirees?)\b", re.IGNORECASE)
_SEE_NOTES = re.compile(
    r"\b(?:also\s+)?see\s+(?:program\s+)?notes\b[^.]*\.?|\bcall for (?:more )?information\b\.?", re.IGNORECASE
)
_LOOSE_NUMBER = re.compile(
    r"(?<![\w$#])\d{1,3}(?!\d|[\w%,.]*\d|\s*(?:%|percent|minutes|hours|days?\b|miles|sessions|mg))"
)


@dataclass(frozen=True, slots=True)
class Age:
    """An age in months; `by_month` where it was stated in months or weeks."""

    months: int
    by_month: bool = False

    @property
    def years(self) -> float:
        """Get the age in years, to a hundredth."""
        return round(self.months / 12, 2)


@dataclass(frozen=True, slots=True)
class Ages:
    """The youngest and the oldest that are taken, both counted in."""

    minimum: Age | None
    maximum: Age | None

    @property
    def minimum_months(self) -> int | None:
        """Get the youngest in months, where years are too coarse for it."""
        low = self.minimum
        return low.months if low and (low.by_month or 0 < low.months < _YOUNG_MONTHS) else None

    @property
    def maximum_months(self) -> int | None:
        """Get the oldest in months, where years are too coarse for it; "age 2" lasts to the 35th month."""
        high = self.maximum
        if high is None or not (high.by_month or high.months < _YOUNG_MONTHS):
            return None
        return high.months if high.by_month else high.months + 11


@lru_cache(maxsize=20_000)
def read_ages(text: str) -> Ages | None:
    """Read the ages that a text states; None where it states none, or not for certain."""
    text = " ".join(_SEE_NOTES.sub(" ", text).split())
    if len(text) > 300:
        return None
    statements = _statements(text)
    if len(statements) != 1:
        return None
    start, end, ages = statements[0]
    around = f"{text[:start]} ~ {text[end:]}"
    if _UNCERTAIN.search(around) or _LOOSE_NUMBER.search(around):
        return None
    # "Open to anyone. Swimming for ages 5-12": the ages are about a part. "Open to anyone over 16" is whole.
    sentence = re.split(r"[.;!?]", text[:start])[-1]
    before = text[: start - len(sentence)]
    after = text[end:]
    if _SAYS_ALL.search(before) or _SAYS_ALL.search(after):
        return None
    if ages.maximum is not None and _too_old(text, ages.maximum.months):
        return None
    return ages


def _too_old(text: str, oldest: int) -> bool:
    """Tell whether a text names people who are older than its oldest age: then the age is not theirs."""
    return bool(
        (oldest < 18 * 12 and _GROWN.search(text))
        or (oldest < 25 * 12 and _ADULTS.search(text))
        or (oldest < 70 * 12 and _OLD_PEOPLE.search(text))
    )


def _statements(text: str) -> list[tuple[int, int, Ages]]:
    found: list[tuple[int, int, Ages]] = []
    for pattern, read in (
        (_RANGE, _read_range),
        (_AT_LEAST, _read_least),
        (_PEOPLE_OVER, _read_over),
        (_AT_MOST, _read_most),
    ):
        for match in pattern.finditer(text):
            if any(start < match.end() and match.start() < end for start, end, _ in found):
                continue
            ages = read(match)
            if ages is not None:
                found.append((match.start(), match.end(), ages))
    return found


def _read_range(match: re.Match[str]) -> Ages | None:
    high_unit = match["highunit"]
    low_unit = match["lowunit"] or high_unit
    plain = match[0][:3].lower()
    birth = not _is_number(match["low"])
    if not (birth or high_unit or plain == "age" or match[0].lower().startswith(("between", "the age"))):
        # "8-17" alone may be hours or rooms.
        return None
    low = 0 if birth else _months(match["low"], low_unit)
    high = _months(match["high"], high_unit)
    if low is None or high is None or low >= high:
        return None
    return Ages(Age(low, _is_months(low_unit)), Age(high, _is_months(high_unit)))


def _read_least(match: re.Match[str]) -> Ages | None:
    for value, unit in (("low", "unit"), ("plus", "plusunit"), ("least", "leastunit")):
        if match[value]:
            return _from(match[value], match[unit])
    return _from(match["minimum"], None)


def _read_over(match: re.Match[str]) -> Ages | None:
    return _from(match["low"], None)


def _read_most(match: re.Match[str]) -> Ages | None:
    if match["upto"]:
        high = _months(match["upto"], None)
        return None if high is None else Ages(None, Age(high))
    if match["most"]:
        high = _months(match["most"], match["mostunit"])
        return None if high is None else Ages(None, Age(high, _is_months(match["mostunit"])))
    high = _months(match["below"], match["belowunit"])
    if high is None or high == 0:
        return None
    # Those under 21 are at most 20 and eleven months, which HSDS writes as 20; those under 6 months at most 5.
    by_month = _is_months(match["belowunit"])
    return Ages(None, Age(high - 1, True) if by_month else Age(high - 12)) if by_month or high >= 12 else None


def _from(text: str, unit: str | None) -> Ages | None:
    low = _months(text, unit)
    return None if low is None else Ages(Age(low, _is_months(unit)), None)


def _months(text: str, unit: str | None) -> int | None:
    number = float(_WORDS[text.lower()]) if text.lower() in _WORDS else float(text)
    kind = (unit or "years").lower()
    if kind.startswith("w"):
        months = number / 4.345
    elif _is_months(unit):
        months = number
    else:
        months = number * 12
    return int(months) if 0 <= months <= _OLDEST * 12 else None


def _is_months(unit: str | None) -> bool:
    return unit is not None and unit.lower().startswith(("mo", "w"))


def _is_number(text: str) -> bool:
    return text[0].isdigit() or text.lower() in _WORDS
