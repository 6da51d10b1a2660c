"""WHAT PEOPLE NEED: the need vocabulary, how people say it, and its crosswalk to clinical codes."""

from resource_api.needs.crosswalk import needs_for_code
from resource_api.needs.infer import NeedLink, infer_needs
from resource_api.needs.understand import Understanding, understand
from resource_api.needs.vocabulary import Need, Vocabulary, vocabulary

__all__ = [
    "Need",
    "NeedLink",
    "Understanding",
    "Vocabulary",
    "infer_needs",
    "needs_for_code",
    "understand",
    "vocabulary",
]
