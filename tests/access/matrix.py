"""What each operation answers to each role, on a store of the key and on a foreign one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

TILL, MANAGER, HEAD_OFFICE = "till", "manager", "head-office"
LOGISTICS, READ_ONLY = "logistics", "read-only"
ROLES = (TILL, MANAGER, HEAD_OFFICE, LOGISTICS, READ_ONLY)

OWN, FOREIGN = 1, 2
STORES = (OWN, FOREIGN)
PRODUCT = 1
SALE_OF = {store: UUID(f"01890000-0000-7000-8000-{store:012d}") for store in STORES}
REFUSED_OF = {store: UUID(f"01890000-0000-7000-b000-{store:012d}") for store in STORES}
RETURN_OF = {store: UUID(f"01890000-0000-7000-a000-{store:012d}") for store in STORES}
RESERVATION_OF = {store: UUID(f"01890000-0000-7000-8100-{store:012d}") for store in STORES}
# From the store to a third one, and from there to the store; both are finished.
THIRD = 3
SENT_OF = {store: UUID(f"01890000-0000-7000-8100-{store:012d}") for store in STORES}
ARRIVED_OF = {store: UUID(f"01890000-0000-7000-8200-{store:012d}") for store in STORES}
# Counts of each store, which were cancelled.
COUNT_OF = {store: UUID(f"01890000-0000-7000-8300-{store:012d}") for store in STORES}
# The numbers of requests of each store, which were refused.
REQUEST_OF = {store: store for store in STORES}
ALERT_OF = {store: UUID(f"01890000-0000-7000-8400-{store:012d}") for store in STORES}
RECEPTION_OF = {store: UUID(f"01890000-0000-7000-9000-{store:012d}") for store in STORES}

_number = count(1)


@dataclass(frozen=True, slots=True)
class Operation:
    """The answers to an operation, and how it is called for a store.

    `answer` is that of a key that reaches all stores. `own` and `foreign` are those of a limited
    key. A role that is not named gets 403. `path` may contain `{store}`, `{sale}`, `{refused}`,
    `{returned}`, `{reserved}`, `{reception}`, `{sent}`, `{arrived}`, `{counting}`, `{request}` and
    `{alert}`.
    """

    path: str
    roles: tuple[str, ...]
    answer: int
    own: int
    foreign: int
    body: Callable[[int], dict[str, Any]] | None = None

    def url(self, store: int) -> str:
        return self.path.format(
            store=store,
            sale=SALE_OF[store],
            refused=REFUSED_OF[store],
            returned=RETURN_OF[store],
            reserved=RESERVATION_OF[store],
            reception=RECEPTION_OF[store],
            sent=SENT_OF[store],
            arrived=ARRIVED_OF[store],
            counting=COUNT_OF[store],
            request=REQUEST_OF[store],
            alert=ALERT_OF[store],
        )

    def expected(self, role: str, store: int, *, is_limited: bool) -> int:
        """Return the status of the answer to a key of this role about a store."""
        if role not in self.roles:
            return 403
        if not is_limited:
            return self.answer
        return self.own if store == OWN else self.foreign


def _sale(store: int) -> dict[str, Any]:
    return {"magasin_id": store, "panier": [{"produit_id": PRODUCT, "quantite": 1}]}


def _lot(store: int) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {"ventes": [_sale(store) | {"vente_id": str(uuid7()), "date": now}]}


def _void(_: int) -> dict[str, Any]:
    return {"motif": "Erreur"}


def _return(store: int) -> dict[str, Any]:
    return {
        "lignes": [{"ligne": 1, "quantite": 1}],
        # The sale of each store has one unit. A repetition gets the return that is there.
        "retour_id": str(RETURN_OF[store]),
    }


def _exchange(_: int) -> dict[str, Any]:
    return {
        "retour": {"lignes": [{"ligne": 1, "quantite": 1}], "retour_id": str(uuid7())},
        "vente": {"panier": [{"produit_id": PRODUCT, "quantite": 1}], "vente_id": str(uuid7())},
    }


def _goods_return(store: int) -> dict[str, Any]:
    lines = [{"produit_id": PRODUCT, "quantite": 1}]
    # The keys of the other roles do not have the right.
    return {"magasin_id": store, "lignes": lines, "motif": "Essai", "retour_id": str(uuid7())}


def _reception(store: int) -> dict[str, Any]:
    lines = [{"produit_id": PRODUCT, "quantite": 1}]
    return {"magasin_id": store, "type": "reception", "lignes": lines}


def reservation_of(store: int) -> dict[str, Any]:
    lines = [{"produit_id": PRODUCT, "quantite": 1}]
    # A repetition gets the reservation that is there, released or not.
    return {"magasin_id": store, "lignes": lines, "reservation_id": str(RESERVATION_OF[store])}


def _transfer(store: int) -> dict[str, Any]:
    lines = [{"produit_id": PRODUCT, "quantite": 1}]
    return {"de": store, "vers": THIRD, "lignes": lines, "transfert_id": str(uuid7())}


def _count(store: int) -> dict[str, Any]:
    return {"magasin_id": store, "produits": [PRODUCT]}


def _counted(_: int) -> dict[str, Any]:
    return {"lignes": [{"produit_id": PRODUCT, "quantite": 1}]}


def _request(store: int) -> dict[str, Any]:
    return {"produit_id": PRODUCT, "quantite": 1, "magasin_id": store}


def _threshold(store: int) -> dict[str, Any]:
    return {"magasin_id": store, "produit_id": PRODUCT, "point_commande": 0, "cible": 0}


def _accepted(store: int) -> dict[str, Any]:
    return {"lignes": [{"magasin_id": store, "produit_id": PRODUCT}]}


def _movement_lot(store: int) -> dict[str, Any]:
    lines = [{"magasin_id": store, "produit_id": PRODUCT, "quantite": 1}]
    return {"type": "reception", "lignes": lines}


def _store(_: int) -> dict[str, Any]:
    return {"nom": f"Magasin {next(_number)}"}


def _product(_: int) -> dict[str, Any]:
    return {"nom": "Sucre", "categorie": "Épicerie", "prix": 2, "cout": 1}


def _products(store: int) -> dict[str, Any]:
    return {"produits": [_product(store)]}


def _rate(_: int) -> dict[str, Any]:
    place = f"P{next(_number)}"
    return {"lieu": place, "classe": "taxable", "code": "TVH", "taux": 0.13, "du": "2026-01-01"}


def _price(_: int) -> dict[str, Any]:
    return {"prix": 2}


def _key(_: int) -> dict[str, Any]:
    return {"nom": f"caisse-{next(_number)}", "role": "till"}


def _expiry(_: int) -> dict[str, Any]:
    return {"expire_le": None}


def _closing(_: int) -> dict[str, Any]:
    return {"comptages": []}


def _float(_: int) -> dict[str, Any]:
    return {"type": "fonds", "montant": 100}


def _overlap(_: int) -> dict[str, Any]:
    return {"chevauchement_heures": 0}


def _city(_: int) -> dict[str, Any]:
    return {"ville": "Brest"}


def _cost(_: int) -> dict[str, Any]:
    return {"cout": 3}


_SELLERS = (TILL, MANAGER, HEAD_OFFICE)
_RECEIPT_READERS = (*_SELLERS, READ_ONLY)
_CLOSERS = (MANAGER, HEAD_OFFICE)
_RESERVERS = (TILL, MANAGER, HEAD_OFFICE, LOGISTICS)
_KEEPERS = (MANAGER, HEAD_OFFICE, LOGISTICS)
_COST_READERS = (MANAGER, HEAD_OFFICE, LOGISTICS, READ_ONLY)
_REPORT_READERS = (MANAGER, HEAD_OFFICE, READ_ONLY)
_CHAIN = (HEAD_OFFICE,)
_NO_KEY = "/api/cles/nobody/till"

# By service, then by method and path of its OpenAPI document. A list that is cut to the stores of
# the key answers 200 about a foreign store; the test looks at its rows.
MATRIX = {
    "sales": {
        "POST /api/ventes/": Operation("/api/ventes/", _SELLERS, 201, 201, 403, _sale),
        # A foreign store is refused in the result of its sale.
        "POST /api/ventes/lots": Operation("/api/ventes/lots", _SELLERS, 200, 200, 200, _lot),
        "GET /api/ventes/": Operation(
            "/api/ventes/?magasin_id={store}", _RECEIPT_READERS, 200, 200, 200
        ),
        "GET /api/ventes/{vente_id}": Operation(
            "/api/ventes/{sale}", _RECEIPT_READERS, 200, 200, 404
        ),
        # The sale is of a closed day: whoever may void it is told so, each time.
        "POST /api/ventes/{vente_id}/annulation": Operation(
            "/api/ventes/{sale}/annulation", _SELLERS, 409, 409, 404, _void
        ),
        # The stock refused the sale: whoever may undo it is told so, each time.
        "DELETE /api/ventes/{vente_id}": Operation(
            "/api/ventes/{refused}", _SELLERS, 409, 409, 404
        ),
        "POST /api/ventes/{vente_id}/retours": Operation(
            "/api/ventes/{sale}/retours", _SELLERS, 201, 201, 404, _return
        ),
        # All of the sale has come back: whoever may exchange its goods is told so.
        "POST /api/ventes/{vente_id}/echanges": Operation(
            "/api/ventes/{sale}/echanges", _SELLERS, 409, 409, 404, _exchange
        ),
        "POST /api/retours/": Operation("/api/retours/", _CHAIN, 201, 201, 403, _goods_return),
        "GET /api/retours/": Operation(
            "/api/retours/?magasin_id={store}", _RECEIPT_READERS, 200, 200, 200
        ),
        "GET /api/retours/{retour_id}": Operation(
            "/api/retours/{returned}", _RECEIPT_READERS, 200, 200, 404
        ),
        "GET /api/magasins/": Operation("/api/magasins/", ROLES, 200, 200, 200),
        "POST /api/magasins/": Operation("/api/magasins/", _CHAIN, 201, 403, 403, _store),
        "PUT /api/magasins/{magasin_id}": Operation(
            "/api/magasins/{store}", _CHAIN, 200, 403, 403, _city
        ),
        "GET /api/magasins/{magasin_id}": Operation("/api/magasins/{store}", ROLES, 200, 200, 200),
        "DELETE /api/magasins/{magasin_id}": Operation("/api/magasins/9999", _CHAIN, 404, 403, 403),
        "GET /api/magasins/{magasin_id}/journees": Operation(
            "/api/magasins/{store}/journees", _REPORT_READERS, 200, 200, 403
        ),
        "GET /api/magasins/{magasin_id}/journees/{date}": Operation(
            "/api/magasins/{store}/journees/2026-01-05", _REPORT_READERS, 200, 200, 403
        ),
        # The day has not begun: whoever may close it is told so.
        "POST /api/magasins/{magasin_id}/journees/{date}/cloture": Operation(
            "/api/magasins/{store}/journees/2999-01-01/cloture",
            *(_CLOSERS, 409, 409, 403, _closing),
        ),
        "GET /api/magasins/{magasin_id}/journees/{date}/mouvements-caisse": Operation(
            "/api/magasins/{store}/journees/2026-01-05/mouvements-caisse",
            *(_REPORT_READERS, 200, 200, 403),
        ),
        "POST /api/magasins/{magasin_id}/journees/{date}/mouvements-caisse": Operation(
            "/api/magasins/{store}/journees/2999-01-01/mouvements-caisse",
            # Without `Idempotency-Key`: whoever may move cash is told so.
            *(_SELLERS, 400, 400, 403, _float),
        ),
        "GET /api/produits/": Operation("/api/produits/", ROLES, 200, 200, 200),
        "GET /api/produits/recherche": Operation(
            "/api/produits/recherche?critere=sucre", ROLES, 200, 200, 200
        ),
        "GET /api/produits/filtrer": Operation("/api/produits/filtrer", ROLES, 200, 200, 200),
        "POST /api/produits/": Operation("/api/produits/", _CHAIN, 201, 403, 403, _product),
        "POST /api/produits/lots": Operation(
            "/api/produits/lots", _CHAIN, 201, 403, 403, _products
        ),
        "GET /api/produits/{produit_id}": Operation("/api/produits/1", ROLES, 200, 200, 200),
        "PUT /api/produits/{produit_id}": Operation(
            "/api/produits/1", _CHAIN, 200, 403, 403, _cost
        ),
        "DELETE /api/produits/{produit_id}": Operation("/api/produits/9999", _CHAIN, 404, 403, 403),
        "GET /api/produits/{produit_id}/prix": Operation(
            "/api/produits/1/prix?magasin_id={store}", ROLES, 200, 200, 200
        ),
        "POST /api/produits/{produit_id}/prix": Operation(
            "/api/produits/1/prix", _CHAIN, 201, 403, 403, _price
        ),
        "DELETE /api/produits/{produit_id}/prix/{du}": Operation(
            "/api/produits/1/prix/2999-12-31", _CHAIN, 404, 403, 403
        ),
        "GET /api/taxes/": Operation("/api/taxes/", ROLES, 200, 200, 200),
        "POST /api/taxes/": Operation("/api/taxes/", _CHAIN, 201, 403, 403, _rate),
        "DELETE /api/taxes/{taux_id}": Operation("/api/taxes/9999", _CHAIN, 404, 403, 403),
        "GET /api/cles/": Operation("/api/cles/", _CHAIN, 200, 403, 403),
        "POST /api/cles/": Operation("/api/cles/", _CHAIN, 201, 403, 403, _key),
        "GET /api/cles/{nom}/{role}": Operation(_NO_KEY, _CHAIN, 404, 403, 403),
        "PUT /api/cles/{nom}/{role}": Operation(_NO_KEY, _CHAIN, 404, 403, 403, _expiry),
        "DELETE /api/cles/{nom}/{role}": Operation(_NO_KEY, _CHAIN, 404, 403, 403),
        "POST /api/cles/{nom}/{role}/rotation": Operation(
            f"{_NO_KEY}/rotation", _CHAIN, 404, 403, 403, _overlap
        ),
    },
    "stock": {
        "GET /api/magasins/{magasin_id}/stock": Operation(
            "/api/magasins/{store}/stock", ROLES, 200, 200, 404
        ),
        "GET /api/stock/": Operation("/api/stock/", ROLES, 200, 200, 200),
        "GET /api/stock/valeur": Operation(
            "/api/stock/valeur?magasin_id={store}", _COST_READERS, 200, 200, 404
        ),
        "POST /api/stock/mouvements": Operation(
            "/api/stock/mouvements", _KEEPERS, 201, 201, 403, _reception
        ),
        "POST /api/stock/mouvements/lots": Operation(
            "/api/stock/mouvements/lots", _KEEPERS, 201, 201, 403, _movement_lot
        ),
        "GET /api/stock/mouvements": Operation(
            "/api/stock/mouvements?magasin_id={store}", ROLES, 200, 200, 200
        ),
        "GET /api/stock/mouvements/{document_id}": Operation(
            "/api/stock/mouvements/{reception}", ROLES, 200, 200, 404
        ),
        "POST /api/stock/reservations": Operation(
            "/api/stock/reservations", _RESERVERS, 201, 201, 403, reservation_of
        ),
        "GET /api/stock/reservations": Operation(
            "/api/stock/reservations?magasin_id={store}", ROLES, 200, 200, 200
        ),
        "GET /api/stock/reservations/{reservation_id}": Operation(
            "/api/stock/reservations/{reserved}", ROLES, 200, 200, 404
        ),
        "DELETE /api/stock/reservations/{reservation_id}": Operation(
            "/api/stock/reservations/{reserved}", _RESERVERS, 200, 200, 404
        ),
        "POST /api/stock/reservations/{reservation_id}/liberation": Operation(
            "/api/stock/reservations/{reserved}/liberation", _RESERVERS, 200, 200, 404
        ),
        "POST /api/stock/transferts": Operation(
            "/api/stock/transferts", _KEEPERS, 201, 201, 403, _transfer
        ),
        "GET /api/stock/transferts": Operation(
            "/api/stock/transferts?magasin_id={store}", ROLES, 200, 200, 200
        ),
        "GET /api/stock/transferts/{transfert_id}": Operation(
            "/api/stock/transferts/{sent}", ROLES, 200, 200, 404
        ),
        # The transfers are finished: whoever may take the step is told so, each time.
        "POST /api/stock/transferts/{transfert_id}/expedition": Operation(
            "/api/stock/transferts/{sent}/expedition", _KEEPERS, 409, 409, 404
        ),
        "POST /api/stock/transferts/{transfert_id}/reception": Operation(
            "/api/stock/transferts/{arrived}/reception", _KEEPERS, 409, 409, 404
        ),
        "POST /api/stock/transferts/{transfert_id}/annulation": Operation(
            "/api/stock/transferts/{sent}/annulation", _KEEPERS, 409, 409, 404
        ),
        "POST /api/stock/inventaires": Operation(
            "/api/stock/inventaires", _KEEPERS, 201, 201, 403, _count
        ),
        "GET /api/stock/inventaires": Operation(
            "/api/stock/inventaires?magasin_id={store}", ROLES, 200, 200, 200
        ),
        "GET /api/stock/inventaires/{inventaire_id}": Operation(
            "/api/stock/inventaires/{counting}", ROLES, 200, 200, 404
        ),
        # The counts are cancelled: whoever may take the step is told so, each time.
        "POST /api/stock/inventaires/{inventaire_id}/comptages": Operation(
            "/api/stock/inventaires/{counting}/comptages", _KEEPERS, 409, 409, 404, _counted
        ),
        "POST /api/stock/inventaires/{inventaire_id}/cloture": Operation(
            "/api/stock/inventaires/{counting}/cloture", _KEEPERS, 409, 409, 404
        ),
        "POST /api/stock/inventaires/{inventaire_id}/annulation": Operation(
            "/api/stock/inventaires/{counting}/annulation", _KEEPERS, 409, 409, 404
        ),
        "PUT /api/stock/seuils": Operation(
            "/api/stock/seuils", _KEEPERS, 200, 200, 403, _threshold
        ),
        "GET /api/stock/seuils": Operation(
            "/api/stock/seuils?magasin_id={store}", ROLES, 200, 200, 200
        ),
        "GET /api/stock/alertes": Operation(
            "/api/stock/alertes?magasin_id={store}", ROLES, 200, 200, 200
        ),
        "GET /api/stock/alertes/{alerte_id}": Operation(
            "/api/stock/alertes/{alert}", ROLES, 200, 200, 404
        ),
        "POST /api/stock/alertes/{alerte_id}/acquittement": Operation(
            "/api/stock/alertes/{alert}/acquittement", _KEEPERS, 200, 200, 404
        ),
        "GET /api/demandes/suggestions": Operation(
            "/api/demandes/suggestions?magasin_id={store}", ROLES, 200, 200, 200
        ),
        "POST /api/demandes/suggestions": Operation(
            "/api/demandes/suggestions", _KEEPERS, 200, 200, 403, _accepted
        ),
        "GET /api/demandes/": Operation("/api/demandes/?magasin_id={store}", ROLES, 200, 200, 200),
        "POST /api/demandes/": Operation("/api/demandes/", _KEEPERS, 201, 201, 403, _request),
        "GET /api/demandes/{demande_id}": Operation(
            "/api/demandes/{request}", ROLES, 200, 200, 404
        ),
        # The requests were refused: whoever may take the step is told so, each time.
        "POST /api/demandes/traiter/{demande_id}": Operation(
            "/api/demandes/traiter/{request}", _KEEPERS, 404, 404, 404
        ),
        "POST /api/demandes/{demande_id}/approbation": Operation(
            "/api/demandes/{request}/approbation", _KEEPERS, 409, 403, 404
        ),
        "POST /api/demandes/{demande_id}/refus": Operation(
            "/api/demandes/{request}/refus", _KEEPERS, 409, 409, 404, _void
        ),
        "POST /api/demandes/{demande_id}/preparation": Operation(
            "/api/demandes/{request}/preparation", _KEEPERS, 409, 403, 404
        ),
        "POST /api/demandes/{demande_id}/expedition": Operation(
            "/api/demandes/{request}/expedition", _KEEPERS, 409, 403, 404
        ),
        "POST /api/demandes/{demande_id}/reception": Operation(
            "/api/demandes/{request}/reception", _KEEPERS, 409, 409, 404
        ),
    },
    "report": {
        "GET /api/ventes/rapport": Operation("/api/ventes/rapport", _REPORT_READERS, 200, 403, 403),
        "GET /api/performance/global": Operation(
            "/api/performance/global", _REPORT_READERS, 200, 403, 403
        ),
        "GET /api/rapports/ventes": Operation(
            "/api/rapports/ventes?magasin_id={store}", _REPORT_READERS, 200, 200, 403
        ),
        "GET /api/rapports/journees": Operation(
            "/api/rapports/journees?magasin_id={store}", _REPORT_READERS, 200, 200, 403
        ),
        "GET /api/journal": Operation("/api/journal", _CHAIN, 200, 403, 403),
    },
}
