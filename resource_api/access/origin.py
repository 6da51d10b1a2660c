"""FROM WHICH WEB PAGES: origins, as browsers write them.

https://www.rfc-editor.org/rfc/rfc6454#section-6.2
"""

import re

from resource_api.errors import BadInput

_ORIGIN = re.compile(r"(https|http)://[a-z0-9.-]{1,253}(:[1-9][0-9]{0,4})?")
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def read_origin(text: str) -> str:
    """Read an origin that a browser could send: scheme, host and port in lower case. Raises BadInput."""
    found = _ORIGIN.fullmatch(text.strip().lower().rstrip("/"))
    if found is None or (found[1] == "http" and not re.fullmatch(r"http://(localhost|127\.0\.0\.1)(:\d+)?", found[0])):
        raise BadInput(
            f"{text[:100]!r} is no origin",
            field="origin",
            hint="https://example.org, or http://localhost to try things",
        )
    return found[0].removesuffix(_DEFAULT_PORTS[found[1]])
