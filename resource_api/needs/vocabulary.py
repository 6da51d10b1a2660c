"""WHICH NEEDS THERE ARE: the vocabulary of `vocabulary.toml`, read once."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any, TypeVar

import orjson

from resource_api.needs.phrases import Phrase, PhraseBook, write_book
from resource_api.words import LIGHT, split, stem, stem_spanish

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Need:
    """One need: its labels, how people say it, how services word it, and the codes that express it."""

    slug: str
    parent: str | None
    en: str
    es: str
    life_stages: tuple[str, ...]
    say: tuple[str, ...]
    say_es: tuple[str, ...]
    offers: tuple[str, ...]
    offers_not: tuple[str, ...]
    taxonomy: tuple[str, ...]
    sdohcc: tuple[str, ...]
    icd10: tuple[str, ...]
    loinc: tuple[str, ...]
    also: tuple[str, ...]
    joins_needs: tuple[str, ...]
    joins_words: tuple[str, ...]
    sensitive: bool

    def label(self, lang: str) -> str:
        """Get the need's name in `en` or `es`."""
        return self.es if lang == "es" else self.en


class Vocabulary:
    """Every need, and the tables by which words and terms lead to them, each made when it is first asked for."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.needs = {row["slug"]: _read_need(row) for row in data["need"]}
        self._situations = data.get("situation", ())

    def lineage(self, slug: str) -> tuple[str, ...]:
        """List a need and its parent."""
        parent = self.needs[slug].parent
        return (slug,) if parent is None else (slug, parent)

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        """The children of each need that has some."""
        return _group((need.parent, need.slug) for need in self.needs.values() if need.parent is not None)

    @cached_property
    def said(self) -> PhraseBook:
        """How people say needs in English."""
        return write_book(
            _group(
                (phrase(text), need.slug)
                for need in self.needs.values()
                for text in (need.en, need.slug.replace("-", " "), *need.say)
            )
        )

    @cached_property
    def said_es(self) -> PhraseBook:
        """How people say needs in Spanish."""
        return write_book(
            _group(
                (phrase_spanish(text), need.slug) for need in self.needs.values() for text in (need.es, *need.say_es)
            )
        )

    @cached_property
    def offered(self) -> PhraseBook:
        """How services say that they answer needs."""
        return write_book(_group((phrase(text), need.slug) for need in self.needs.values() for text in need.offers))

    @cached_property
    def not_offered(self) -> PhraseBook:
        """What services say that sounds like a need and is none."""
        return write_book(_group((phrase(text), need.slug) for need in self.needs.values() for text in need.offers_not))

    @cached_property
    def by_term(self) -> dict[str, tuple[str, ...]]:
        """The needs that taxonomy terms mean, by the term's name."""
        return _group((name.casefold(), need.slug) for need in self.needs.values() for name in need.taxonomy)

    @cached_property
    def stages_by_term(self) -> dict[str, tuple[str, ...]]:
        """The life stages that taxonomy terms confirm, by the term's name."""
        return _group(
            (name.casefold(), stage)
            for row in self._situations
            for name in row["taxonomy"]
            for stage in row["life_stages"]
        )

    @cached_property
    def joined(self) -> dict[str, tuple[tuple[frozenset[str], str], ...]]:
        """The needs that another one becomes beside certain words: the tokens of these, and the need."""
        found: dict[str, list[tuple[frozenset[str], str]]] = {}
        for need in self.needs.values():
            tokens = frozenset(form for word in need.joins_words for form in (*phrase(word), *phrase_spanish(word)))
            for other in need.joins_needs:
                found.setdefault(other, []).append((tokens, need.slug))
        return {slug: tuple(rules) for slug, rules in found.items()}


def phrase(text: str) -> Phrase:
    """Read a phrase as the English tokens that it is matched by."""
    return tuple(stem(word) for word in split(text) if word not in LIGHT)


def phrase_spanish(text: str) -> Phrase:
    """Read a phrase as the Spanish tokens that it is matched by."""
    return tuple(stem_spanish(word) for word in split(text) if word not in LIGHT)


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Read the vocabulary; it is the same for the life of the process."""
    text = resources.files("resource_api.needs").joinpath("vocabulary.toml").read_text("utf-8")
    return Vocabulary(read_rows(text))


def read_rows(text: str) -> dict[str, list[dict[str, Any]]]:
    """Read the rows of each kind. Raises ValueError where a line is not as the file's head has it.

    `tomllib` takes as long for it as all the rest of a first search. One line a field, and its value is JSON too.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in text.splitlines():
        if line.startswith("[["):
            rows.setdefault(line.strip("[]"), []).append(row := {})
        elif line and not line.startswith("#"):
            name, _, value = line.partition(" = ")
            row[name] = orjson.loads(value)
    return rows


def _read_need(row: dict[str, Any]) -> Need:
    def texts(key: str) -> tuple[str, ...]:
        return tuple(row.get(key, ()))

    return Need(
        slug=row["slug"],
        parent=row.get("parent"),
        en=row["en"],
        es=row["es"],
        life_stages=texts("life_stages"),
        say=texts("say"),
        say_es=texts("say_es"),
        offers=texts("offers"),
        offers_not=texts("offers_not"),
        taxonomy=texts("taxonomy"),
        sdohcc=texts("sdohcc"),
        icd10=texts("icd10"),
        loinc=texts("loinc"),
        also=texts("also"),
        joins_needs=texts("joins_needs"),
        joins_words=texts("joins_words"),
        sensitive=row.get("sensitive", False),
    )


def _group(pairs: Iterable[tuple[Key, str]]) -> dict[Key, tuple[str, ...]]:
    """Group texts by what leads to them, in their order, each once; nothing leads nowhere."""
    found: dict[Key, dict[str, None]] = {}
    for key, text in pairs:
        if key:
            found.setdefault(key, {})[text] = None
    return {key: tuple(texts) for key, texts in found.items()}
