"""WHERE A TEXT ANSWERS: the sentence of a description that says what was asked for, from the original text."""

import re
from dataclasses import dataclass
from functools import lru_cache

from resource_api.needs import vocabulary
from resource_api.words import fold, split, stem

LENGTH = 180
# Letters without their accents, one for one, so that what is found in the plain text stands there in the original.
_PLAIN = {code: fold(chr(code)) for code in range(0xC0, 0x250) if len(fold(chr(code))) == 1}


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is looked for: the beginnings with which a match can begin, and the whole of it."""

    begins: tuple[str, ...]
    whole: re.Pattern[str]

    # Finding a few letters is far quicker than trying a pattern at each place.

    def spans(self, text: str, start: int, stop: int) -> list[tuple[int, int]]:
        """List every match in a part of a text, beginning by beginning."""
        found = []
        for begin in self.begins:
            at = text.find(begin, start, stop)
            while at >= 0:
                match = self.whole.match(text, at, stop)
                if match is not None:
                    found.append(match.span())
                at = text.find(begin, at + 1, stop)
        return found

    def first(self, text: str) -> tuple[int, int] | None:
        """Find the first match in a text."""
        first, stop = None, len(text)
        for begin in self.begins:
            at = text.find(begin, 0, stop)
            while at >= 0:
                match = self.whole.match(text, at)
                if match is not None:
                    first, stop = match.span(), at  # another beginning counts only before it
                    break
                at = text.find(begin, at + 1, stop)
        return first


def highlight_patterns(words: tuple[str, ...], needs: tuple[str, ...]) -> tuple[Pattern, ...]:
    """Build the patterns of a question's words, and of what services call its needs.

    Each word and each need has its own, compiled once: questions share them, and compiling takes longer than matching.
    """
    patterns = (*(_word_pattern(word) for word in words), *(_need_pattern(slug) for slug in needs))
    return tuple(pattern for pattern in patterns if pattern is not None)


def highlight(text: str, patterns: tuple[Pattern, ...]) -> dict[str, object] | None:
    """Cut the part of a text around the first pattern's match; `marks` are [start, stop] within it."""
    plain = (text if text.isascii() else text.translate(_PLAIN)).lower()
    found = next((span for pattern in patterns if (span := pattern.first(plain)) is not None), None)
    if found is None:
        return None
    begin, end = found
    start = max(text.rfind(". ", 0, begin) + 2, text.rfind("\n", 0, begin) + 1, begin - LENGTH // 2)
    if text.rfind(". ", 0, begin) < 0 and "\n" not in text[:begin]:
        start = max(0, begin - LENGTH // 2)
    cut = text[start : start + LENGTH]
    line = cut.find("\n", end - start)
    if line > 0:
        cut = cut[:line]
    stop = start + len(cut)
    marks: list[list[int]] = []
    spans = [span for pattern in patterns for span in pattern.spans(plain, start, stop)]
    for begin, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        # Of two that overlap, a word within the name of a need, only the first and longer is marked.
        if not marks or begin - start >= marks[-1][1]:
            marks.append([begin - start, end - start])
    return {"text": cut, "marks": marks}


@lru_cache(maxsize=8192)
def _word_pattern(word: str) -> Pattern | None:
    return _compile({word})


@lru_cache(maxsize=512)
def _need_pattern(slug: str) -> Pattern | None:
    need = vocabulary().needs.get(slug)
    return _compile(set(need.offers)) if need is not None else None


def _compile(phrases: set[str]) -> Pattern | None:
    said = [words for phrase in phrases if (words := split(phrase))]
    if not said:
        return None
    written = {r"\W+".join(_loose(word) for word in words) for words in said}
    begins = {_root(words[0]) for words in said}
    # A beginning that begins with another one is found by that one.
    begins = {begin for begin in begins if not any(begin != other and begin.startswith(other) for other in begins)}
    whole = re.compile(rf"\b(?:{'|'.join(sorted(written, key=len, reverse=True))})")
    return Pattern(tuple(sorted(begins)), whole)


def _loose(word: str) -> str:
    """Match a word in any of its forms: its root, and what follows."""
    root = _root(word)
    return re.escape(root) + (r"\w*" if len(root) > 2 else r"\b")


def _root(word: str) -> str:
    """Take the stem of a word, less the letter that stemming may have changed."""
    root = stem(word)
    return root[:-1] if root != word and root[-1:] == "i" else root
