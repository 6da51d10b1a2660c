"""WHAT SOMEBODY ASKS FOR: the needs named in a question, in English or Spanish, and the words left over."""

from dataclasses import dataclass

from resource_api.needs.phrases import Span, find_phrases
from resource_api.needs.vocabulary import vocabulary
from resource_api.words import LIGHT, STOPWORDS, split, stem, stem_spanish

# Who somebody is, said beside what they need: it orders the answers and never empties them.
CONTEXT = frozenset(
    stem(word)
    for word in """
    baby babies newborn infant toddler child children kid kids son daughter boy girl teen teenager youth
    family families mother mothers mom moms mama mommy father dad woman women man men male female husband
    wife boyfriend girlfriend partner parent parents single pregnant pregnancy postpartum adult adults
    senior seniors elderly older people person patient client income poor veteran veterans disabled
    disability homeless uninsured immigrant latino hispanic black spanish english speaking month months week
    weeks year years old age aged bebe bebes hijo hija hijos hijas nino nina ninos ninas familia madre padre
    mujer mujeres hombre embarazada esposo esposa pareja adulto adultos mayor mayores persona personas
    recien nacido meses anos
    """.split()
)

# A question with any of these is a sentence: its needs count, and its other words only order the answers.
_SENTENCE = frozenset(
    """
    i me my we our us am im ive is are was were have has had need needs want can cant cannot could who where
    how what he she they someone help looking please because yo mi mis me nos soy estoy tengo tiene necesito
    necesita quiero busco puedo puede donde como quien mis hay
    """.split()
)


@dataclass(frozen=True, slots=True)
class Understanding:
    """A question as understood: `needs` by slug, the `words` it says them with, and what was left over.

    `essential` are left-over words that an answer must have; `context` ones only order answers. A sentence has no
    essential words once a need is found in it, and its words are no names: "a place to live" is not Assisted Living.
    """

    needs: tuple[str, ...]
    need_words: tuple[str, ...]
    essential: tuple[str, ...]
    context: tuple[str, ...]
    sentence: bool


def understand(text: str) -> Understanding:
    """Understand a question; never fails, whatever the characters."""
    every = split(text)
    words = [word for word in every if word not in LIGHT]
    known = vocabulary()
    english = list(find_phrases([stem(word) for word in words], known.said))
    spanish = list(find_phrases([stem_spanish(word) for word in words], known.said_es))
    spans = _merge(english, spanish)

    if any(not _says_who(span, words) for span in spans):
        # "I am pregnant and need a place to live": who asks is no need of its own beside a need.
        spans = [span for span in spans if not _says_who(span, words)]
    covered = {index for span in spans for index in range(span.start, span.stop)}
    needs = _most_specific(_join([slug for span in spans for slug in span.needs], words))
    need_words = tuple(words[i] for i in sorted(covered) if words[i] not in STOPWORDS)
    rest = [word for i, word in enumerate(words) if i not in covered and word not in STOPWORDS]
    context = tuple(word for word in rest if stem(word) in CONTEXT)
    essential = tuple(word for word in rest if stem(word) not in CONTEXT)
    sentence = any(word in _SENTENCE for word in every) or len(rest) + len(need_words) > 3
    if needs and sentence:
        context, essential = (*context, *essential), ()
    if not needs and not essential:
        context, essential = (), context
    return Understanding(needs, need_words, essential, context, sentence)


def _join(slugs: list[str], words: list[str]) -> list[str]:
    """Read a need beside a telling word as the need that both mean: sadness after a birth, a ride to a doctor."""
    said = {form for word in words for form in (stem(word), stem_spanish(word))}
    out: list[str] = []
    for slug in slugs:
        better = [joined for tokens, joined in vocabulary().joined.get(slug, ()) if tokens & said]
        out.extend(better or [slug])
    return out


def _says_who(span: Span, words: list[str]) -> bool:
    content = [words[i] for i in range(span.start, span.stop) if words[i] not in STOPWORDS]
    if len(content) != 1 or stem(content[0]) not in CONTEXT:
        return False
    # "Lost my baby", "child support": of several words, only a top-level need says no more than who somebody is.
    return span.stop - span.start == 1 or all(vocabulary().needs[slug].parent is None for slug in span.needs)


def _merge(english: list[Span], spanish: list[Span]) -> list[Span]:
    """Keep the longer of two overlapping readings; equal ones are joined, for both may be meant."""
    kept: list[Span] = []
    for span in sorted([*english, *spanish], key=lambda s: (s.start - s.stop, s.start)):
        overlapping = [k for k in kept if span.start < k.stop and k.start < span.stop]
        if not overlapping:
            kept.append(span)
        elif len(overlapping) == 1 and (overlapping[0].start, overlapping[0].stop) == (span.start, span.stop):
            kept.remove(overlapping[0])
            needs = tuple(dict.fromkeys((*overlapping[0].needs, *span.needs)))
            kept.append(Span(span.start, span.stop, needs))
    return sorted(kept, key=lambda s: s.start)


def _most_specific(slugs: list[str]) -> tuple[str, ...]:
    """Drop a parent named beside its own child: the child says it better."""
    unique = dict.fromkeys(slugs)
    parents = {vocabulary().needs[slug].parent for slug in unique}
    return tuple(slug for slug in unique if slug not in parents)
