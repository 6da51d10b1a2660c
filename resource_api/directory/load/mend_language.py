"""WHICH LANGUAGES A CELL NAMES, and which of its words are about interpreters instead.

Only what is certainly a language becomes one: "Spanish, ASL" is two, "Accommodations possible." none. Codes are ISO
639-1 where there is one, else 639-3, as HSDS asks.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from babel import Locale

_ALIASES = {
    "a.s.l": ("American Sign Language", "ase"),
    "asl": ("American Sign Language", "ase"),
    "american sign language": ("American Sign Language", "ase"),
    "american sign": ("American Sign Language", "ase"),
    "sign language": ("Sign Language", "sgn"),
    "mandarin": ("Mandarin Chinese", "cmn"),
    "chinese (mandarin)": ("Mandarin Chinese", "cmn"),
    "mandarin chinese": ("Mandarin Chinese", "cmn"),
    "cantonese": ("Cantonese", "yue"),
    "chinese (cantonese)": ("Cantonese", "yue"),
    "farsi": ("Persian", "fa"),
    "tagalog": ("Tagalog", "tl"),
    "castilian": ("Spanish", "es"),
    "spanish (castilian)": ("Spanish", "es"),
    "español": ("Spanish", "es"),
    "espanol": ("Spanish", "es"),
    "haitian": ("Haitian Creole", "ht"),
    "haitian-creole": ("Haitian Creole", "ht"),
    "creole (haitian)": ("Haitian Creole", "ht"),
    "mai mai": ("Maay", "ymm"),
    "maay maay": ("Maay", "ymm"),
    "hmong": ("Hmong", "hmn"),
    "karen": ("Karen", "kar"),
    "punjabi": ("Punjabi", "pa"),
    "twi": ("Twi", "tw"),
    "ibo": ("Igbo", "ig"),
    "quechua": ("Quechua", "qu"),
    "ethiopian amharic": ("Amharic", "am"),
}
_SPLIT = re.compile(r"\s*(?:[,;/&]|\band\b)\s*", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_WITH_NOTE = re.compile(r"([^()]+?)\s*\(([^()]*)\)")
_ON_PAPER = re.compile(
    r"\b(?:forms?|materials?|brochures?|applications?|literature|publications?|only)\b", re.IGNORECASE
)
_ABOUT_HELP = re.compile(
    r"(?:(?:all|any|some|many|most|other|additional|and|an?|the)\s+)*"
    r"(?:others?\b|languages?\b|accommodations?\b|interpret\w*|translat\w*|"
    r"language (?:line|bank|link)|telephone inter\w*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReadLanguage:
    """One language by its English name and its code."""

    name: str
    code: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class LanguageCell:
    """What a cell says: its languages, and the cell itself where it says more than that."""

    languages: tuple[ReadLanguage, ...]
    prose: str | None = None


@lru_cache(maxsize=20_000)
def read_languages(text: str) -> LanguageCell:
    """Read a cell of languages."""
    text = text.strip()
    found: dict[str, ReadLanguage] = {}
    more = False
    for sentence in _SENTENCE.split(text):
        pieces = [p for p in _SPLIT.split(sentence.strip().rstrip(".;").strip()) if p]
        read = [_read_one(piece) for piece in pieces]
        named = [language for language in read if language is not None]
        others = [piece for piece, language in zip(pieces, read, strict=True) if language is None]
        if others:
            more = True
            # "Spanish, other accommodations possible" names Spanish; "publications in Spanish" does not.
            if read[0] is None or not all(_ABOUT_HELP.match(other) for other in others):
                continue
        for language in named:
            found.setdefault(language.code, language)
    return LanguageCell(tuple(found.values()), text if more or not found else None)


def is_code(text: str) -> bool:
    """Tell whether a text is an ISO 639 code that we know."""
    return text in _codes()


def name_of(code: str) -> str | None:
    """Name the language of a code in English."""
    return _codes().get(code)


def _read_one(piece: str) -> ReadLanguage | None:
    name = " ".join(piece.lower().split()).rstrip(".")
    direct = _names().get(name)
    if direct is not None:
        return ReadLanguage(*direct)
    if noted := _WITH_NOTE.fullmatch(piece):
        known = _names().get(" ".join(noted[1].lower().split()))
        if known is not None and not _ON_PAPER.search(noted[2]):
            return ReadLanguage(*known, note=noted[2].strip() or None)
    return None


@cache
def _codes() -> dict[str, str]:
    names = Locale("en").languages
    known = {code: name for code, name in names.items() if re.fullmatch(r"[a-z]{2,3}", code) and code not in _NOT_ONE}
    return known | {code: name for name, code in _ALIASES.values() if code not in known}


# Codes for "several", "none" and "unknown", and for languages that only books are written in.
_NOT_ONE = frozenset(("mul", "und", "zxx", "mis", "art", "tlh", "jbo", "vo", "ie", "ia"))


@cache
def _names() -> dict[str, tuple[str, str]]:
    names = {name.lower(): (name, code) for code, name in sorted(_codes().items(), key=lambda item: -len(item[0]))}
    return names | _ALIASES
