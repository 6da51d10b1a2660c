"""GET /metrics : Prometheus's page, for the addresses in METRICS_ALLOW; for all others it does not exist."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from flask import Response, abort, request

from resource_api.api.blueprint import Blueprint
from resource_api.api.context import settings

blueprint = Blueprint("metrics", __name__, public=False, documented=False)


@blueprint.route("/metrics")
def show_metrics() -> Response:
    """Write the metrics of every worker."""
    # Behind a proxy everybody's address is the proxy's, so a request that was passed on is never trusted.
    passed_on = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    if passed_on or not _is_allowed(request.remote_addr or "", settings().metrics_allow):
        abort(404)
    from resource_api.metrics import write_metrics

    body, content_type = write_metrics()
    return Response(body, content_type=content_type, headers={"Cache-Control": "no-store"})


def _is_allowed(address: str, allowed: tuple[str, ...]) -> bool:
    try:
        asking = ip_address(address)
    except ValueError:
        return False
    return any(asking in network for network in _networks(allowed))


@lru_cache(maxsize=8)
def _networks(allowed: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(one, strict=False) for one in allowed)
