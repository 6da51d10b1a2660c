"""WHAT PEOPLE ASK: seeded searches, none like another, in stated shares.

What: 60 % a text (half of them a phrase by which people say a need, half one to three words that some service says,
beginning with one that people search for), 25 % `need=`, 10 % a whole sentence, 5 % Spanish. Where: 75 % `near` (of
these 60 % a ZIP, 25 % a town, 15 % a point), metro by metro as the services are. Besides: 15 % `open_at`, 10 % `age`,
25 % `facets`. Order `best`, 20 a page, 25 miles.
"""

from dataclasses import dataclass
from functools import cache
from random import Random
from urllib.parse import urlencode

from benchmarks.gazetteer import choose_zip, home
from benchmarks.generate import generate_organization
from benchmarks.wording import SEED, directory_words
from resource_api.needs import Need, vocabulary
from resource_api.search.read_query import SearchRequest
from resource_api.words import STOPWORDS, split

COUNT = 400
# The organizations that words and places are taken from: they are in the smallest directory that is measured.
ASKED_OF = 2_000

_SENTENCES = (
    "I need {} for my family",
    "where can I get {}",
    "my sister is looking for {} and has no car",
    "we just moved here and need {} soon",
    "can someone help me with {} please",
    "I am a single mother and I need {}",
)
_FACETS = (("need", "language"), ("need", "free", "open"), ("language", "city"), ("reached_by", "free", "life_stage"))


@dataclass(frozen=True, slots=True)
class SearchQuestion:
    """One search as a caller sends it: its parameters, and what kind of question it is."""

    kind: str
    params: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        """Write the question as the path and query of a URL."""
        return "/search?" + urlencode(self.params)

    def get(self, name: str) -> str | None:
        """Get one parameter."""
        return dict(self.params).get(name)

    def request(self) -> SearchRequest:
        """Write the question as the view would have read it from its URL."""
        given = dict(self.params)
        return SearchRequest(
            q=given.get("q", ""),
            need=(given["need"],) if "need" in given else (),
            near=given.get("near"),
            open_at=given.get("open_at"),
            age=float(given["age"]) if "age" in given else None,
            facets=tuple(value for name, value in self.params if name == "facets"),
        )


def ask_questions(count: int = COUNT, seed: int = SEED) -> list[SearchQuestion]:
    """List `count` different questions."""
    rng = Random(seed + 7)
    found: dict[str, SearchQuestion] = {}
    while len(found) < count:
        question = _ask(rng)
        found.setdefault(question.path, question)
    return list(found.values())


def _ask(rng: Random) -> SearchQuestion:
    zip5 = choose_zip(rng)
    params: dict[str, str] = {}
    draw = rng.random()
    if draw < 0.30:
        kind, params["q"] = "phrase", rng.choice(_choose(rng).say)
    elif draw < 0.60:
        kind = "words"
        params["q"], zip5 = _words_of_a_service(rng)
    elif draw < 0.85:
        kind, params["need"] = "need", rng.choice(_needs()).slug
    elif draw < 0.95:
        kind, params["q"] = "sentence", rng.choice(_SENTENCES).format(rng.choice(_choose(rng).say))
    else:
        kind, params["q"] = "spanish", rng.choice(_choose(rng).say_es)
    if rng.random() < 0.75:
        params["near"] = _near(rng, zip5)
    if rng.random() < 0.15:
        params["open_at"] = f"2026-11-{rng.randint(23, 29)}T{rng.randint(6, 21):02}:30:00-05:00"
    if rng.random() < 0.10:
        params["age"] = str(rng.choice((0, 1, 3, 8, 16, 25, 40, 67)))
    facets = rng.choice(_FACETS) if rng.random() < 0.25 else ()
    return SearchQuestion(kind, (*params.items(), *(("facets", name) for name in facets)))


def _near(rng: Random, zip5: str) -> str:
    at = home(zip5)
    draw = rng.random()
    if draw < 0.60 or at.city == "Rural Route":
        return zip5
    if draw < 0.85:
        return f"{at.city}, {at.state}"
    return f"{at.point.latitude + rng.gauss(0, 0.02):.4f},{at.point.longitude + rng.gauss(0, 0.02):.4f}"


def _words_of_a_service(rng: Random) -> tuple[str, str]:
    """Take one to three words that stand together in a service's text, the first no invented one; and its ZIP."""
    while True:
        service = rng.choice(generate_organization(rng.randrange(ASKED_OF)))
        addresses = service["service_at_locations"][0]["location"].get("addresses", ())
        text = service["name"] if rng.random() < 0.3 else rng.choice(service["description"].split(". "))
        said = [word for word in split(text) if word not in STOPWORDS and len(word) > 2]
        starts = [place for place, word in enumerate(said) if word in directory_words()]
        if addresses and starts:
            start = rng.choice(starts)
            return " ".join(said[start : start + rng.choice((1, 1, 2, 2, 3))]), addresses[0]["postal_code"]


def _choose(rng: Random) -> Need:
    while True:
        need = rng.choice(_needs())
        if need.say and need.say_es:
            return need


@cache
def _needs() -> tuple[Need, ...]:
    return tuple(vocabulary().needs.values())
