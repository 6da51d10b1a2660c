"""HOW A PATCH IS MERGED into a document: JSON Merge Patch.

https://www.rfc-editor.org/rfc/rfc7396#section-2
"""

from typing import Any


def merge_patch(target: Any, patch: Any) -> Any:
    """Merge a patch into a JSON value; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
