"""HOW WORDS ARE READ: split, accents folded, stemmed in English and Spanish.

Both what is written and what is asked go through here, so that every index may store plain tokens and all answer
alike. Pure functions; the stemmers' results are cached, because a directory says the same words again and again.
"""

import re
import unicodedata
from functools import lru_cache
from threading import Lock

import snowballstemmer  # type: ignore[import-untyped]

_WORD = re.compile(r"[㐀-鿿぀-ヿ가-힯]|[^\W_㐀-鿿぀-ヿ가-힯]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_APOSTROPHE = re.compile("['’‘`´]")
_APOSTROPHES = str.maketrans("", "", "'’‘`´")
_English = snowballstemmer.stemmer("english")
_Spanish = snowballstemmer.stemmer("spanish")
# A stemmer keeps the word it works on in itself, so two threads would stem each other's.
_ONE_AT_A_TIME = Lock()

# Words that carry no meaning of their own inside a phrase, and are passed over when phrases are matched.
LIGHT = frozenset(
    """
    a an and any are as at be been being by for from in into is of on or some that the their them there this
    those to was were with our my your his her its im ive am so very really just also s t d come comes al con de del e
    el en es esta este la las lo los mi mis o para por su sus tu u un una unas unos y muy
    """.split()
)

# Words that say that somebody asks, not what for; a query of these alone has no content.
ASKING = frozenset(
    """
    i me we us you he she they it who what when where which why how can could would should may might must
    will shall do does did done dont doesnt cant have has had having get gets getting got go goes going give
    gives need needs needed needing want wants wanted wanting look looks looking find finding found help
    helps helping helped please thanks thank hello hi know knows tell show shows about if but not no yes
    near nearby nearest close closest around here local place places somewhere someone somebody anyone
    anybody something anything service services program programs resource resources agency agencies
    organization organizations provide provides provider providers providing available offer offers offering
    use using free cheap low cost assistance support now today tonight soon asap urgent urgently way ways am
    because after before while since until out up off over again too more most much many lot lots good best
    new one ones other another same than then only own such both each few all like lost has yo me nos
    nosotros usted ustedes quien que cual cuales donde cuando como porque puedo puede pueden podria hay
    tengo tiene tienen tener necesito necesita necesitamos necesitan necesitar quiero quiere queremos busco
    busca buscando buscar encontrar ayuda ayudar ayudame ayudarme ayudan ayude dame dar favor gracias hola
    cerca cercano servicio servicios programa programas recurso recursos lugar lugares alguien algo gratis
    gratuito gratuita barato conseguir obtener recibir no si mas ya estoy soy estamos somos hacer hago se le
    les te ha he han sin pero desde hasta sobre entre tan tambien ahora hoy urgente
    """.split()
)

STOPWORDS = LIGHT | ASKING

_SPANISH_SIGNS = frozenset(
    """
    el la los las de del para con por una que y en su sus se como mas servicios ayuda
    """.split()
)
_ENGLISH_SIGNS = frozenset(
    """
    the and of for to with in is are or on by from services
    """.split()
)


def fold(text: str) -> str:
    """Lower a text and take its accents off."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    # Texts are mostly ASCII: only the runs that are not are taken apart.
    return _NOT_ASCII.sub(_fold_run, lowered)


def _fold_run(found: re.Match[str]) -> str:
    return _fold_signs(found[0])


@lru_cache(maxsize=4096)
def _fold_signs(text: str) -> str:
    # Some letters have a small form only once they are decomposed, such as those of "𝐅𝐨𝐨𝐝".
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).lower())
    return "".join(c for c in plain if not unicodedata.combining(c))


def split(text: str) -> list[str]:
    """Split a text into folded words; an apostrophe joins, every Chinese, Japanese or Korean sign stands alone."""
    # Most texts have none, and to look for one takes far less than to take them out.
    joined = text.translate(_APOSTROPHES) if _APOSTROPHE.search(text) else text
    return _WORD.findall(fold(joined))


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Stem one folded word as English."""
    with _ONE_AT_A_TIME:
        return str(_English.stemWord(word))


@lru_cache(maxsize=50_000)
def stem_spanish(word: str) -> str:
    """Stem one folded word as Spanish."""
    with _ONE_AT_A_TIME:
        stemmed = str(_Spanish.stemWord(word))
    return fold(stemmed)


def is_spanish(words: list[str]) -> bool:
    """Tell whether a text's small words are Spanish rather than English."""
    spanish = sum(word in _SPANISH_SIGNS for word in words)
    return spanish >= 2 and spanish > sum(word in _ENGLISH_SIGNS for word in words)


def index_tokens(text: str) -> list[str]:
    """List the tokens under which a text is found: English stems, and Spanish ones where the text is Spanish."""
    words = split(text)
    tokens = [stem(word) for word in words if word not in LIGHT]
    if is_spanish(words):
        tokens += [s for word in words if word not in LIGHT and (s := stem_spanish(word)) != stem(word)]
    return tokens


def query_forms(word: str) -> tuple[str, ...]:
    """List the tokens that a word of a question may be stored under."""
    english, spanish = stem(word), stem_spanish(word)
    return (english,) if english == spanish else (english, spanish)
