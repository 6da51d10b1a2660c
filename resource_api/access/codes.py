"""WHAT ACCESS IS DOCUMENTED WITH: the algorithms of keys, the type of an assertion, and the bounds of the glass."""

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY_TYPES = {"RS384": "RSA", "ES384": "EC"}
# Of an emergency access: how long it lasts at most, and how many characters its reason has at least.
MOST_MINUTES = 60
LEAST_REASON = 10
