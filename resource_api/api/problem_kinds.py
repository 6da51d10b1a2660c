"""WHICH REFUSALS THERE ARE: every kind of problem, with its stable name; /problems documents each."""

from dataclasses import dataclass

from resource_api.api.context import LANGUAGES, Language


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem: its stable name, its status, and what it is called in each language."""

    slug: str
    status: int
    titles: tuple[str, str]
    meaning: str

    def title(self, in_language: Language) -> str:
        """Get the title in a language."""
        return self.titles[LANGUAGES.index(in_language)]


PROBLEMS: dict[str, ProblemKind] = {
    kind.slug: kind
    for kind in (
        ProblemKind(
            "bad-request",
            400,
            ("Bad request", "Solicitud incorrecta"),
            "The request is not well-formed HTTP.",
        ),
        ProblemKind(
            "bad-json",
            400,
            ("The body is not JSON", "El cuerpo no es JSON"),
            "The body could not be read as JSON; the detail gives the line and column.",
        ),
        ProblemKind(
            "unauthorized",
            401,
            ("Not signed in", "No ha iniciado sesión"),
            "The request needs credentials; WWW-Authenticate names the scheme.",
        ),
        ProblemKind("forbidden", 403, ("Not allowed", "No permitido"), "These credentials do not allow this."),
        ProblemKind(
            "not-found",
            404,
            ("Not found", "No encontrado"),
            "There is no such page, or no record with this id.",
        ),
        ProblemKind(
            "method-not-allowed",
            405,
            ("Method not allowed", "Método no permitido"),
            "This URL does not answer to this method; Allow lists those it answers to.",
        ),
        ProblemKind(
            "conflict",
            409,
            ("It contradicts what is there", "Contradice lo que ya existe"),
            "What was asked contradicts the record as it is now; the detail says how.",
        ),
        ProblemKind(
            "illegal-move",
            409,
            ("Not possible in this state", "No es posible en este estado"),
            "A referral in this state cannot go there, or not by you; `moves` lists where it can go.",
        ),
        ProblemKind(
            "already-referred",
            409,
            ("Already referred", "Ya fue referida"),
            "Your organization has an open referral of this person to the same help: `referral` says which. Where a "
            "second one is meant, say `allow_duplicate`.",
        ),
        ProblemKind(
            "not-reachable",
            409,
            ("Takes no referrals here", "No recibe referencias por aquí"),
            "No referral would reach this service; `phones` and `alternatives` say what to do instead.",
        ),
        ProblemKind(
            "no-capacity",
            409,
            ("No capacity now", "Sin cupo por ahora"),
            "The service says that it is full; `phones` and `alternatives` say what to do instead.",
        ),
        ProblemKind(
            "already-claimed",
            409,
            ("Somebody else was first", "Otra organización llegó primero"),
            "The referral is in the pool no longer.",
        ),
        ProblemKind(
            "stale",
            412,
            ("Changed in the meantime", "Cambió entretanto"),
            "The record is no longer at the version that If-Match names: read it again, then decide.",
        ),
        ProblemKind(
            "version-required",
            428,
            ("Say which version you know", "Indique qué versión conoce"),
            "This write needs If-Match with the ETag last read, so that nobody's change is overwritten unseen.",
        ),
        ProblemKind(
            "gone",
            410,
            ("Deleted", "Eliminado"),
            "The record with this id was deleted; the detail says when.",
        ),
        ProblemKind(
            "content-too-large",
            413,
            ("The body is too large", "El cuerpo es demasiado grande"),
            "A body may have 1 MiB, and JSON may be nested 32 deep.",
        ),
        ProblemKind(
            "uri-too-long",
            414,
            ("The URL is too long", "La URL es demasiado larga"),
            "A query string may have 8,000 bytes; POST twins of the queries take a body.",
        ),
        ProblemKind(
            "unsupported-media-type",
            415,
            ("Unsupported media type", "Tipo de contenido no admitido"),
            "The body is of another type than this URL takes; Accept-Post names the right one.",
        ),
        ProblemKind(
            "invalid-arguments",
            422,
            ("Invalid arguments", "Argumentos no válidos"),
            "A parameter or field is unknown, missing or wrong; `errors` says which, and what would be right.",
        ),
        ProblemKind(
            "bad-query",
            422,
            ("This cannot be answered as asked", "No se puede responder a esta pregunta"),
            "Every parameter is well-formed, but together they ask nothing that can be answered.",
        ),
        ProblemKind(
            "bad-input",
            422,
            ("This cannot be written", "Esto no se puede guardar"),
            "A field is wrong in itself or together with others; `errors` says which, and what would be right.",
        ),
        ProblemKind(
            "consent-missing",
            422,
            ("The person has not agreed to this", "La persona no ha dado su consentimiento"),
            "What is sensitive goes only to whom the person has named: `consent.recipients` must name it, "
            "and the consent must be in force.",
        ),
        ProblemKind(
            "idempotency-key-reused",
            422,
            ("This key was used before", "Esta clave ya se usó"),
            "The Idempotency-Key came before with another body: every new act needs a key of its own.",
        ),
        ProblemKind(
            "unknown-place",
            422,
            ("Unknown place", "Lugar desconocido"),
            "It is neither a known ZIP code, nor a point, nor a known town; `suggestions` lists the likeliest.",
        ),
        ProblemKind(
            "too-many-requests",
            429,
            ("Too many requests", "Demasiadas solicitudes"),
            "Wait for as long as Retry-After says.",
        ),
        ProblemKind(
            "internal-error",
            500,
            ("Something went wrong here", "Algo falló aquí"),
            "A fault of ours. It was logged under the request_id; nothing was saved.",
        ),
        ProblemKind(
            "unavailable",
            503,
            ("Not available right now", "No disponible en este momento"),
            "The service cannot answer now; try again after Retry-After seconds.",
        ),
        ProblemKind(
            "database-not-ready",
            503,
            ("The database is not ready", "La base de datos no está lista"),
            "The database is away, empty or of another release; operators run `resource-api init`.",
        ),
    )
}
