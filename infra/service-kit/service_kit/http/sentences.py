"""All French that the kit sends to clients: each problem's status, stable code and sentence."""

from typing import NamedTuple


class Sentence(NamedTuple):
    """A problem before it happens; `detail` has a `{name}` for each value it is given."""

    status: int
    code: str
    detail: str
    retry_after: int | None = None  # seconds


INVALID_JSON = Sentence(400, "json-invalide", "Le corps n'est pas du JSON valide.")
KEY_MISSING = Sentence(401, "cle-absente", "Une clé est attendue dans l'en-tête x-token.")
KEY_UNKNOWN = Sentence(401, "cle-inconnue", "Cette clé n'est pas connue.")
ROLE_REFUSED = Sentence(
    403, "role-insuffisant", "Le rôle {role} n'a pas ce droit ; il faut : {needed}."
)
UNKNOWN_ROUTE = Sentence(404, "route-inconnue", "Aucune ressource à cette adresse.")
METHOD_REFUSED = Sentence(405, "methode-non-permise", "Cette méthode n'est pas permise ici.")
BODY_TOO_SLOW = Sentence(
    408, "corps-trop-lent", "Le corps de la requête n'est pas arrivé en {seconds:.0f} s."
)
RESOURCE_BUSY = Sentence(
    409,
    "ressource-occupee",
    "Une autre requête travaille encore sur la même ressource ; réessayez.",
    retry_after=1,
)
BODY_TOO_LARGE = Sentence(
    413, "corps-trop-grand", "Le corps de la requête dépasse {max_bytes} octets."
)
EVENT_TOO_LARGE = Sentence(
    413,
    "corps-trop-grand",
    "Ce qui serait annoncé aux autres services est trop grand ({event_type}: {size} octets).",
)
INVALID_REQUEST = Sentence(422, "requete-invalide", "La requête contient {count} erreur(s).")
KEY_REUSED = Sentence(
    422,
    "cle-idempotence-reutilisee",
    "Cette Idempotency-Key a déjà servi à une autre requête.",
)
INTERNAL_ERROR = Sentence(
    500, "erreur-interne", "Erreur interne ; citez la trace pour la retrouver."
)
DATABASE_UNAVAILABLE = Sentence(
    503,
    "base-indisponible",
    # A connection that was lost during a commit leaves open whether the commit happened.
    "La base de données ne répond pas ; réessayez, avec la même Idempotency-Key pour une écriture.",
    retry_after=1,
)
OUTBOX_FULL = Sentence(
    503,
    "file-pleine",
    "Trop d'événements attendent d'être transmis ; rien n'a été enregistré, réessayez.",
    retry_after=30,  # an outbox of that size does not empty in a second
)
OVERLOADED = Sentence(
    503,
    "surcharge",
    "Trop de requêtes à la fois ; rien n'a été enregistré, réessayez.",
    retry_after=1,
)
STOPPING = Sentence(
    503,
    "service-arrete",
    # Whether a commit that was under way has happened cannot be known here.
    "Le service s'arrête ; réessayez, avec la même Idempotency-Key pour une écriture.",
    retry_after=1,
)

# The code of an error that the framework raises with a status this table does not have.
OTHER_HTTP_ERROR = "erreur-http"
# The problems that the framework raises before it reaches a route, by status.
OF_STATUS = {
    each.status: each
    # 400: FastAPI's status for a body that ends its parser: not UTF-8, or nested too deeply.
    for each in (INVALID_JSON, UNKNOWN_ROUTE, METHOD_REFUSED)
}

# What is wrong with one field, by pydantic's type of error.
OF_FIELD = {
    "missing": "Ce champ est obligatoire.",
    "extra_forbidden": "Ce champ n'existe pas.",
    "int_parsing": "Un nombre entier est attendu.",
    "int_type": "Un nombre entier est attendu.",
    "int_from_float": "Un nombre entier est attendu.",
    "decimal_parsing": "Un nombre décimal est attendu.",
    "decimal_type": "Un nombre décimal est attendu.",
    "string_unicode": "Du texte Unicode valide est attendu.",
    "string_type": "Une chaîne de caractères est attendue.",
    "string_too_short": "Au moins {min_length} caractère(s) attendu(s).",
    "string_too_long": "Au plus {max_length} caractères.",
    "greater_than": "La valeur doit être supérieure à {gt}.",
    "greater_than_equal": "La valeur doit être au moins {ge}.",
    "less_than": "La valeur doit être inférieure à {lt}.",
    "less_than_equal": "La valeur doit être au plus {le}.",
    "too_short": "Au moins {min_length} élément(s) attendu(s).",
    "too_long": "Au plus {max_length} éléments.",
    "enum": "Valeur attendue : {expected}.",
    "literal_error": "Valeur attendue : {expected}.",
    "date_from_datetime_parsing": "Une date AAAA-MM-JJ est attendue.",
    "date_parsing": "Une date AAAA-MM-JJ est attendue.",
    "datetime_parsing": "Un instant ISO 8601 est attendu.",
    "datetime_from_date_parsing": "Un instant ISO 8601 est attendu.",
    "timezone_aware": "L'instant doit porter son décalage horaire.",
    "uuid_parsing": "Un UUID est attendu.",
    "model_attributes_type": "Un objet JSON est attendu.",
    "list_type": "Une liste est attendue.",
    "decimal_max_places": "Au plus {decimal_places} décimales.",
    "decimal_max_digits": "Au plus {max_digits} chiffres.",
    "decimal_whole_digits": "Au plus {whole_digits} chiffres avant la virgule.",
    "string_pattern_mismatch": "Format attendu : {pattern}.",
    "value_error": "{error}",
    "finite_number": "Un nombre fini est attendu.",
}
# The framework does not parse a body whose Content-Type is not JSON.
NO_JSON_BODY = "Un objet JSON est attendu, annoncé par Content-Type: application/json."
