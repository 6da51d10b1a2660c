"""THE INDEX AT SCALE: Elasticsearch, asked which services fit; the one file that knows its client.

A search has a budget of time, connection and all, and a node that does not answer is one of several. What comes back
whole is an answer; anything else is an error that says what to do: wait (`IndexAway`), make the index anew
(`IndexLost`), or mend the request (`IndexRefused`).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, cast

import orjson
from sqlalchemy.orm import Session

from resource_api.database import ask
from resource_api.errors import IndexAway, IndexLost, IndexRefused
from resource_api.places import point_in_geojson
from resource_api.search.elasticsearch_mapping import FORMAT
from resource_api.search.elasticsearch_query import MOST_AT_ONCE, search_body
from resource_api.search.facets import Counts, largest
from resource_api.search.query import Place, SearchHit, SearchPage, SearchQuery
from resource_api.settings import Settings

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

JSON = dict[str, Any]
Explain = Callable[[Session, SearchQuery, Sequence[str]], Iterable[SearchHit]]

# The rest of two seconds is the database's, should it have to answer instead.
BUDGET_S = 1.2
# What keeps the index is patient.
PATIENCE_S = 60.0
ATTEMPTS = 3
PAUSE_S = 0.05
KEPT = "1m"
_LATER = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True)
class Access:
    """Where Elasticsearch is, who we are to it, and the name under which our index is found."""

    urls: tuple[str, ...]
    name: str
    api_key: str | None = None
    user: tuple[str, str] | None = None
    ca_file: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Access":
        """Read it from the settings."""
        user, password = settings.elasticsearch_user, settings.elasticsearch_password
        return cls(
            settings.elasticsearch_urls,
            settings.elasticsearch_index,
            settings.elasticsearch_api_key,
            None if user is None else (user, password or ""),
            settings.elasticsearch_ca_file,
        )


class Cluster:
    """Calls Elasticsearch; connects when first called, so that nothing is carried across a fork."""

    def __init__(self, access: Access) -> None:
        self.name = access.name
        # The format is in the name: a release never reads what another one wrote otherwise.
        self.alias = f"{access.name}-f{FORMAT}"
        self.next_alias = f"{self.alias}-next"
        self._access = access
        self._client: Elasticsearch | None = None
        # By tenths of a second, of which there are six hundred.
        self._patient: dict[float, Elasticsearch] = {}
        self._connecting = Lock()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        budget: float = PATIENCE_S,
        content: str = "application/json",
        **parameters: str,
    ) -> Any:
        """Make one call, of the next node where one does not answer; get the JSON of the answer.

        Raises IndexAway, IndexLost where what was named is not there, IndexRefused where the request is at fault.
        """
        from elastic_transport import TransportError
        from elasticsearch import ApiError

        until = monotonic() + budget
        attempts = ATTEMPTS if len(self._access.urls) > 1 else 1
        for left in reversed(range(attempts)):
            remaining = until - monotonic()
            try:
                answer = self._connect(max(0.1, round(remaining / 2 if left else remaining, 1))).perform_request(
                    method, path, params=parameters, body=body,
                    headers={"content-type": content, "accept": "application/json"},
                )  # fmt: skip
            except TransportError as error:
                if not left or monotonic() >= until:
                    raise IndexAway(f"Elasticsearch does not answer ({type(error).__name__})") from error
            except ApiError as error:
                status = error.meta.status
                if status not in _LATER:
                    raise _name_refusal(status, error) from error
                if not left or monotonic() + PAUSE_S >= until:
                    raise IndexAway(f"Elasticsearch answers {status}") from error
                sleep(PAUSE_S)
            else:
                return answer.body
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            self._client.close()
            self._client = None
            self._patient.clear()

    def _connect(self, timeout_s: float) -> "Elasticsearch":
        """Get the client as it waits for so long; to make it so anew takes as long as to ask."""
        with self._connecting:
            if self._client is None:
                from elasticsearch import Elasticsearch, OrjsonSerializer

                access = self._access
                known: dict[str, Any] = {"api_key": access.api_key, "basic_auth": access.user}
                known["ca_certs"] = access.ca_file
                self._client = Elasticsearch(
                    list(access.urls),
                    serializer=OrjsonSerializer(),
                    max_retries=0,
                    retry_on_timeout=False,
                    **{name: value for name, value in known.items() if value is not None},
                )
            if timeout_s not in self._patient:
                self._patient[timeout_s] = self._client.options(request_timeout=timeout_s)
            return self._patient[timeout_s]


def _name_refusal(status: int, error: Any) -> Exception:
    if status == 404:
        return IndexLost("The index is not there", hint="the worker builds it, or `resource-api search rebuild`")
    if status in (401, 403) or status >= 500:
        return IndexAway(f"Elasticsearch answers {status}")
    said = error.body.get("error") if isinstance(error.body, dict) else None
    kind = said.get("type") if isinstance(said, dict) else said
    return IndexRefused(f"Elasticsearch refuses the request: {status} {kind}")


class ElasticsearchIndex:
    """Answers queries from Elasticsearch; what it holds is kept by `mirror.py`.

    It says which services fit, and in what order; why, the database's own index does (`explain`).
    """

    def __init__(self, cluster: Cluster, explain: Explain) -> None:
        self.cluster = cluster
        self._explain = explain

    def find(self, session: Session, query: SearchQuery) -> SearchPage:
        """Answer a query. Raises IndexAway, IndexLost or IndexRefused rather than answer in part."""
        covering = () if query.place is None else find_covering(session, query.place)
        body = search_body(query, covering=covering, now=datetime.now(UTC))
        start = (query.page - 1) * query.per_page
        if start + query.per_page > MOST_AT_ONCE:
            answer = self._walk(body, start, query.per_page)
        else:
            answer = self._search(body | {"from": start, "size": query.per_page})
        # What has changed a moment ago is told as it is now, and left out where it fits no more.
        ids = [hit["_id"] for hit in answer["hits"]["hits"]]
        hits = tuple(self._explain(session, query, ids))
        return SearchPage(hits, answer["hits"]["total"]["value"], _read_facets(query, answer))

    def is_there(self, *, budget: float) -> bool:
        """Tell whether the index can be asked within a budget of seconds."""
        try:
            self.cluster.call("GET", f"/{self.cluster.alias}/_count", budget=budget, terminate_after="1")
        except (IndexAway, IndexRefused):
            return False
        return True

    def _search(self, body: JSON, *, point: str | None = None) -> JSON:
        path = "/_search" if point else f"/{self.cluster.alias}/_search"
        answer: JSON = self.cluster.call(
            "POST",
            path,
            body | {"timeout": f"{round(BUDGET_S * 1000)}ms", "_source": False},
            budget=BUDGET_S,
            **({} if point else {"allow_partial_search_results": "false"}),
        )
        if answer["timed_out"] or answer["_shards"]["failed"]:
            raise IndexAway("Elasticsearch answers in part")
        return answer

    def _walk(self, body: JSON, start: int, size: int) -> JSON:
        """Walk to a page beyond what can be asked at once, over one state of the index."""
        opened = self.cluster.call(
            "POST", f"/{self.cluster.alias}/_pit",
            budget=BUDGET_S, keep_alive=KEPT, allow_partial_search_results="false",
        )  # fmt: skip
        point: str = opened["id"]
        try:
            after: list[Any] | None = None
            while start > 0:
                step = min(start, MOST_AT_ONCE)
                walking = {name: body[name] for name in ("query", "sort")}
                walking |= {"size": step, "track_total_hits": False}
                hits = self._search(_at(walking, point, after), point=point)["hits"]["hits"]
                if len(hits) < step:
                    return self._search(_at(body | {"size": 0}, point, None), point=point)
                after, start = hits[-1]["sort"], start - step
            return self._search(_at(body | {"size": size}, point, after), point=point)
        finally:
            with suppress(IndexAway):  # it ends by itself
                self.cluster.call("DELETE", "/_pit", {"id": point}, budget=BUDGET_S)


def _at(body: JSON, point: str, after: list[Any] | None) -> JSON:
    return body | {"pit": {"id": point, "keep_alive": KEPT}} | ({"search_after": after} if after else {})


def find_covering(session: Session, place: Place) -> list[str]:
    """Find the services whose drawn areas hold a place: there are few, and the database has their shapes."""
    drawn = ask(session, "SELECT service_id, shapes FROM search_row WHERE shapes IS NOT NULL")
    return [
        service
        for service, shapes in drawn
        if any(point_in_geojson(place.point, shape) for shape in _read_shapes(cast(str, shapes)))
    ]


@lru_cache(maxsize=2_000)
def _read_shapes(text: str) -> list[JSON]:
    shapes: list[JSON] = orjson.loads(text)
    return shapes


def _read_facets(query: SearchQuery, answer: JSON) -> dict[str, Counts]:
    facets: dict[str, Counts] = dict.fromkeys(query.facets, ())
    for name, counted in answer.get("aggregations", {}).items():
        facets[name] = _read_counts(name, counted["buckets"])
    return facets


def _read_counts(name: str, buckets: Collection[JSON]) -> Counts:
    counts: dict[str, int] = {}
    for bucket in buckets:
        value = str(bucket["key"])
        value = value.lstrip("?") if name == "life_stage" else value
        counts[value] = counts.get(value, 0) + bucket["doc_count"]
    return largest(counts)
