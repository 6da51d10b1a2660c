"""WHICH NUMBERS A PHONE CELL HOLDS: written alike, with the extension and the words around them told apart."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_AMERICAN = re.compile(r"(?:\+?1[\s.-]*)?\(?([2-9]\d\d)\)?[\s.-]*(\d{3})[\s.-]*(\d{4})")
_SHORT = re.compile(r"[2-9]11|988|[1-9]\d{4,5}")
_TEXT_CODE = re.compile(r"\btext\b.*\bto\s+\(?([1-9]\d{4,5}|988|[2-9]11)\)?", re.IGNORECASE)
_DIAL_SHORT = re.compile(r"(?:call|dial|phone)\s+([2-9]11|988)\.?", re.IGNORECASE)
_VANITY = re.compile(r"(?:1[\s.-]*)?\(?([2-9]\d\d)\)?[\s.-]+(?=[^A-Za-z]*[A-Za-z])((?:[A-Za-z0-9][\s.-]?){7,12})")
_LETTERS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_LEFT_OVER = re.compile(
    r"^[\s,;:/|.&()\[\]-]*(?:\b(?:or|and|phone|tel|telephone|call|fax)\b[\s,;:.#-]*)*|[\s,;:/|&()\[\]-]+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReadPhone:
    """One number as it is written here, and the words that stood with it."""

    number: str
    extension: str | None = None
    description: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class PhoneCell:
    """What a cell holds: `mended` where it was not plain, `doubt` where it is kept as given."""

    phones: tuple[ReadPhone, ...]
    mended: bool = False
    doubt: str | None = None


@lru_cache(maxsize=20_000)
def read_phones(text: str) -> PhoneCell:
    """Read a phone cell; one without any number has no phones."""
    text = text.strip().strip("\"'“”").strip()
    if plain := _AMERICAN.fullmatch(text):
        number = f"({plain[1]}) {plain[2]}-{plain[3]}"
        return PhoneCell((ReadPhone(number),), mended=number != text)
    digits = re.sub(r"\D", "", text)
    letters = re.search(r"[^\W\d_]", text) is not None
    if not digits:
        return PhoneCell(())
    if not letters and _SHORT.fullmatch(digits):
        return PhoneCell((ReadPhone(digits),), mended=digits != text)
    if not letters and len(digits) < 3:
        return PhoneCell(())
    if code := _TEXT_CODE.search(text):
        return PhoneCell((ReadPhone(code[1], description=text, type="text"),), mended=True)
    if short := _DIAL_SHORT.fullmatch(text):
        return PhoneCell((ReadPhone(short[1]),), mended=True)
    if len(digits) < 10 and (vanity := _VANITY.fullmatch(text)):
        dialled = re.sub(r"[^A-Z0-9]", "", vanity[2].upper()).translate(_LETTERS)[:7]
        if len(dialled) == 7:
            number = f"({vanity[1]}) {dialled[:3]}-{dialled[3:]}"
            return PhoneCell((ReadPhone(number, description=text),), mended=True)
    if text.startswith("+") and not letters:
        return PhoneCell((ReadPhone(text),), doubt=None if _is_possible(text) else f"no such number: {text}")
    return _find_numbers(text)


def _is_possible(text: str) -> bool:
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text, None))
    except phonenumbers.NumberParseException:
        return False


def _find_numbers(text: str) -> PhoneCell:
    import phonenumbers

    found: list[PhoneNumber] = []
    rest: list[str] = []
    end = 0
    for match in phonenumbers.PhoneNumberMatcher(text, "US", leniency=phonenumbers.Leniency.POSSIBLE, max_tries=50):
        rest.append(text[end : match.start])
        end = match.end
        found.append(match.number)
    rest.append(text[end:])
    # Without an area code, or with one that cannot be, nobody far away can be sure whom they would reach.
    whole = all(n.country_code != 1 or 200 * 10**7 <= (n.national_number or 0) < 10**10 for n in found)
    if not found or not whole:
        if len(text) > 100:
            return PhoneCell((), doubt=f"no phone number: {text[:80]}")
        return PhoneCell((ReadPhone(text),), doubt=f"no whole phone number: {text}")
    words = [_LEFT_OVER.sub("", part).strip(" ,;:/|&()[]") for part in rest]
    # Words before the first number speak of it; words after a number speak of that one.
    said: list[str] = ["; ".join(w for w in words[:2] if w), *words[2:]]
    phones = tuple(ReadPhone(_write(number), number.extension, said[i] or None) for i, number in enumerate(found))
    return PhoneCell(phones, mended=True)


def _write(number: "PhoneNumber") -> str:
    import phonenumbers

    bare = phonenumbers.PhoneNumber(country_code=number.country_code, national_number=number.national_number)
    if number.country_code == 1:
        return str(phonenumbers.format_number(bare, phonenumbers.PhoneNumberFormat.NATIONAL))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)).partition(" ext")[0]
