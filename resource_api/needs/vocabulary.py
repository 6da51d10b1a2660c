"""WHICH NEEDS THERE ARE: the vocabulary of `vocabulary.toml`, read once."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from resource_api.needs.phrases import Phrase, PhraseBook, write_book
from resource_api.words import LIGHT, split, stem, stem_spanish


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


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every need, and the tables by which words and terms lead to them."""

    needs: dict[str, Need]
    children: dict[str, tuple[str, ...]]
    said: PhraseBook
    said_es: PhraseBook
    offered: PhraseBook
    not_offered: PhraseBook
    by_term: dict[str, tuple[str, ...]]
    stages_by_term: dict[str, tuple[str, ...]]
    joined: dict[str, tuple[tuple[frozenset[str], str], ...]]

    def lineage(self, slug: str) -> tuple[str, ...]:
        """List a need and its parent."""
        parent = self.needs[slug].parent
        return (slug,) if parent is None else (slug, parent)


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
    return build_vocabulary(tomllib.loads(text))


def build_vocabulary(data: dict[str, Any]) -> Vocabulary:
    """Build the vocabulary from the file's tables."""
    needs = {row["slug"]: _read_need(row) for row in data["need"]}
    children: dict[str, list[str]] = {}
    said: dict[Phrase, list[str]] = {}
    said_es: dict[Phrase, list[str]] = {}
    offered: dict[Phrase, list[str]] = {}
    not_offered: dict[Phrase, list[str]] = {}
    by_term: dict[str, list[str]] = {}
    for need in needs.values():
        if need.parent is not None:
            children.setdefault(need.parent, []).append(need.slug)
        for text in (need.en, need.slug.replace("-", " "), *need.say):
            _add(said, phrase(text), need.slug)
        for text in (need.es, *need.say_es):
            _add(said_es, phrase_spanish(text), need.slug)
        for text in need.offers:
            _add(offered, phrase(text), need.slug)
        for text in need.offers_not:
            _add(not_offered, phrase(text), need.slug)
        for name in need.taxonomy:
            _add(by_term, name.casefold(), need.slug)
    stages: dict[str, list[str]] = {}
    for row in data.get("situation", ()):
        for name in row["taxonomy"]:
            for stage in row["life_stages"]:
                _add(stages, name.casefold(), stage)
    joined: dict[str, list[tuple[frozenset[str], str]]] = {}
    for need in needs.values():
        tokens = frozenset(form for word in need.joins_words for form in (*phrase(word), *phrase_spanish(word)))
        for other in need.joins_needs:
            joined.setdefault(other, []).append((tokens, need.slug))
    return Vocabulary(
        needs=needs,
        children={slug: tuple(slugs) for slug, slugs in children.items()},
        said=write_book(said),
        said_es=write_book(said_es),
        offered=write_book(offered),
        not_offered=write_book(not_offered),
        by_term={name: tuple(slugs) for name, slugs in by_term.items()},
        joined={slug: tuple(rules) for slug, rules in joined.items()},
        stages_by_term={name: tuple(s) for name, s in stages.items()},
    )


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


def _add(table: dict[Any, list[str]], key: Any, slug: str) -> None:
    if key and slug not in table.setdefault(key, []):
        table[key].append(slug)
