"""WHAT SERVICES SAY: names and descriptions of real directory words, in the proportions that texts really have.

4,600 words by Zipf's law: the commonest are those of every text, then those of directories, then invented ones.
Sentences that offer a need use the words by which services offer it (`needs/vocabulary.toml`).
"""

from bisect import bisect
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from random import Random

from resource_api.needs import Need, vocabulary

SEED = 20261124
WORDS = 4_600
SENTENCES = 12_000
_UNASKED = 60

_SMALL = """
the and of to for in with or is are on by from at who a an as their be that this can may their all each other
""".split()
_DIRECTORY = """
services families program children community individuals health adults county provides residents support persons
care information education assistance women center youth housing offers training years referrals school include
must medical counseling income food age staff access home groups treatment social development appointment eligible
help people city clients mental parents resources available activities recovery low work seniors emergency needs
disabilities volunteers area skills referral legal call agency national case management application open monday
friday insurance substance veterans employment clinic nonprofit public free hours members students local state
transportation financial abuse infant pregnant shelter homeless prevention safe violence advocacy life family
primary nurses dental vision screening immunization nutrition breastfeeding postpartum prenatal doula diaper
clothing furniture utility energy rent eviction mortgage budget tax benefits enrollment Medicaid Medicare WIC SNAP
child daycare preschool tutoring mentoring summer camp recreation arts library computer literacy English Spanish
language interpretation immigrant refugee citizenship domestic crisis hotline peer group therapy psychiatric
rehabilitation detox inpatient outpatient hospital doctor pharmacy prescription equipment wheelchair adult day
respite caregiver hospice transitional permanent supportive apartment landlord tenant weatherization repair church
ministry faith neighborhood outreach coalition foundation association council department office bureau project
network initiative alliance partnership workforce job resume interview apprenticeship certificate college
scholarship vocational reentry probation court mediation expungement attorney animal foster adoption kinship
grandparents fathers mothers teens toddlers newborns birth parenting playgroup visiting developmental autism hearing
speech occupational physical wellness fitness diabetes asthma cancer HIV testing vaccination reproductive
""".split()
_KINDS = "Program Services Center Project Network Initiative Clinic Office Ministry Fund Help Partnership".split()
_BODIES = """
Community Action Agency|Family Services|Health Department|Catholic Charities|Neighborhood Center|United Ministries|
Resource Center|Children's Alliance|Housing Authority|Legal Aid|Public Schools|Memorial Hospital|Women's Coalition|
Food Bank|Urban League|Salvation House|Department of Social Services|Health Partners|Literacy Council|Recovery Works
""".replace("\n", "").split("|")
_ONSETS = "b br c ch d dr f g gr h k l m n p pl r s st t tr v w".split()
_VOWELS = "a e i o u ai ea oo".split()
_CODAS = ("", "", "n", "r", "l", "s", "nd", "rt", "m")


@dataclass(frozen=True, slots=True)
class Offer:
    """A need as services word it: the taxonomy terms that give it, and the phrases by which it is offered."""

    need: Need
    terms: tuple[str, ...]
    phrases: tuple[str, ...]


@cache
def words() -> tuple[str, ...]:
    """List every word, the commonest first."""
    rng = Random(SEED)
    found = list(dict.fromkeys((*_SMALL, *_DIRECTORY)))
    known = set(found)
    while len(found) < WORDS:
        syllables = rng.choice((2, 2, 3))
        word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(syllables)) + rng.choice(_CODAS)
        if word not in known:
            known.add(word)
            found.append(word)
    return tuple(found)


@cache
def directory_words() -> frozenset[str]:
    """List the words that real directories say and people search for; nobody asks for the commonest ("residents")."""
    return frozenset(word.lower() for word in _DIRECTORY[_UNASKED:])


def choose_words(rng: Random, count: int, *, names: bool = False) -> list[str]:
    """Choose words as often as texts say them; for `names` without the small ones that no name begins with."""
    weights = _word_weights()
    every = words()
    least = weights[len(_SMALL) - 1] if names else 0.0
    return [every[bisect(weights, least + rng.random() * (weights[-1] - least))] for _ in range(count)]


@cache
def sentences() -> tuple[str, ...]:
    """List the sentences that descriptions are made of, besides those that name a need."""
    rng = Random(SEED + 1)
    return tuple(" ".join(choose_words(rng, rng.randint(7, 17))).capitalize() + "." for _ in range(SENTENCES))


@cache
def offers() -> tuple[Offer, ...]:
    """List the needs that taxonomy terms give, in a fixed random order: the first are offered most."""
    found = [
        Offer(need, need.taxonomy, need.offers or (need.en,)) for need in vocabulary().needs.values() if need.taxonomy
    ]
    Random(SEED + 2).shuffle(found)
    return tuple(found)


def choose_offers(rng: Random, count: int) -> list[Offer]:
    """Choose different needs, the common ones more often."""
    weights = _offer_weights()
    chosen: dict[str, Offer] = {}
    while len(chosen) < count:
        offer = offers()[bisect(weights, rng.random() * weights[-1])]
        chosen[offer.need.slug] = offer
    return list(chosen.values())


def write_organization_name(rng: Random, city: str) -> str:
    """Name an organization after its town, or after a word."""
    head = city if rng.random() < 0.5 else " ".join(choose_words(rng, 1, names=True)).title()
    return f"{head} {rng.choice(_BODIES)}"


def write_service_name(rng: Random, chosen: list[Offer]) -> str:
    """Name a service: two in three by their first need, the others by any words."""
    if rng.random() < 0.67:
        return f"{' '.join(choose_words(rng, 1, names=True)).title()} {chosen[0].need.en} {rng.choice(_KINDS)}"
    return f"{' '.join(choose_words(rng, rng.randint(1, 3), names=True)).title()} {rng.choice(_KINDS)}"


def write_description(rng: Random, chosen: list[Offer]) -> str:
    """Describe a service in two to eight sentences; four in five needs are said in words too."""
    parts = [
        f"{rng.choice(('Provides', 'Offers', 'We offer', 'Services include'))} {rng.choice(offer.phrases)}"
        f" {rng.choice(('for families', 'to residents of the county', 'at no charge', 'by appointment'))}."
        for offer in chosen
        if rng.random() < 0.8
    ]
    pool = sentences()
    parts += [rng.choice(pool) for _ in range(rng.randint(2, 6))]
    return " ".join(parts)


@cache
def _word_weights() -> list[float]:
    return list(accumulate(1.0 / (rank + 2.7) for rank in range(WORDS)))


@cache
def _offer_weights() -> list[float]:
    return list(accumulate(1.0 / (rank + 4) for rank in range(len(offers()))))
