"""WHERE A TEXT ANSWERS: the sentence of a description that says what was asked for, from the original text."""

import re
from functools import lru_cache

from resource_api.needs import vocabulary
from resource_api.words import fold, split, stem

LENGTH = 180
# Letters without their accents, one for one, so that what is found in the plain text stands there in the original.
_PLAIN = {code: fold(chr(code)) for code in range(0xC0, 0x250) if len(fold(chr(code))) == 1}


def highlight_patterns(words: tuple[str, ...], needs: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """Build the patterns of a question's words, and of what services call its needs.

    Each word and each need has its own, compiled once: questions share them, and compiling takes longer than matching.
    """
    patterns = (*(_word_pattern(word) for word in words), *(_need_pattern(slug) for slug in needs))
    return tuple(pattern for pattern in patterns if pattern is not None)


def highlight(text: str, patterns: tuple[re.Pattern[str], ...]) -> dict[str, object] | None:
    """Cut the part of a text around the first pattern's match; `marks` are [start, stop] within it."""
    plain = text if text.isascii() else text.translate(_PLAIN)
    found = next((match for pattern in patterns if (match := pattern.search(plain))), None)
    if found is None:
        return None
    start = max(
        text.rfind(". ", 0, found.start()) + 2,
        text.rfind("\n", 0, found.start()) + 1,
        found.start() - LENGTH // 2,
    )
    if text.rfind(". ", 0, found.start()) < 0 and "\n" not in text[: found.start()]:
        start = max(0, found.start() - LENGTH // 2)
    cut = text[start : start + LENGTH]
    line = cut.find("\n", found.end() - start)
    if line > 0:
        cut = cut[:line]
    stop = start + len(cut)
    spans = (m.span() for each in patterns for m in each.finditer(plain, start, stop))
    marks: list[list[int]] = []
    for begin, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        # Of two that overlap, a word within the name of a need, only the first and longer is marked.
        if not marks or begin - start >= marks[-1][1]:
            marks.append([begin - start, end - start])
    return {"text": cut, "marks": marks}


@lru_cache(maxsize=8192)
def _word_pattern(word: str) -> re.Pattern[str] | None:
    return _compile({word})


@lru_cache(maxsize=512)
def _need_pattern(slug: str) -> re.Pattern[str] | None:
    need = vocabulary().needs.get(slug)
    return _compile(set(need.offers)) if need is not None else None


def _compile(phrases: set[str]) -> re.Pattern[str] | None:
    said = {r"\W+".join(_loose(word) for word in split(phrase)) for phrase in phrases if split(phrase)}
    if not said:
        return None
    return re.compile(rf"\b(?:{'|'.join(sorted(said, key=len, reverse=True))})", re.IGNORECASE)


def _loose(word: str) -> str:
    """Match a word in any of its forms: its stem, less the letter that stemming may have changed, and what follows."""
    root = stem(word)
    if root != word and root[-1:] == "i":
        root = root[:-1]
    return re.escape(root) + (r"\w*" if len(root) > 2 else r"\b")
