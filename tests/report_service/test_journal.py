"""The journal tells who did what and when: each event once, by filter, page by page."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.consumers import sales_events
from report_service.events.consumed import (
    CashMoved,
    LevelDeclared,
    MovementPosted,
    SaleCancelled,
    SaleConfirmed,
    SaleRejected,
    TaxRateChanged,
    TransferReceived,
    TransferShipped,
)
from tests.fixtures.keys import key_changed
from tests.report_service.builders import (
    COFFEE,
    NOON,
    STORE,
    a_closing,
    a_product,
    a_return,
    a_sale,
    a_store,
    a_void_of,
    delivered,
    levels,
)
from tests.report_service.conftest import Projection, Reports

OTHER_STORE = STORE + 1
TILL, OFFICE, WORKER = "store-3/till", "demo/head-office", "sales-worker"
MANAGER, OTHER_TILL, OFFLINE_TILL = "store-3/manager", "store-4/till", "store-3-bis/till"
CASH = UUID(int=7)
MINUTE = timedelta(minutes=1)
WORDS = (
    *("vente_enregistree", "vente_rejetee", "vente_annulee"),
    *("magasin_modifie", "produit_modifie", "niveau_declare"),
    *("mouvement", "cle_modifiee"),
    *("vente_confirmee_annulee", "retour_enregistre", "vente_marquee"),
    *("journee_cloturee", "transfert_recu", "transfert_expedie"),
    *("caisse_mouvementee", "taux_modifie"),
)
# In UTC it is before the year 1.
AN_EARLY_CURSOR = urlsafe_b64encode(f"0001-01-01T00:00:00+23:59 {UUID(int=1)}".encode()).decode()


def confirmed(sale: msgspec.Struct) -> SaleConfirmed:
    """Return the event that follows when the stock has the goods of a pending sale."""
    fields = msgspec.structs.asdict(sale) | {"status": "confirmed"}
    return SaleConfirmed(**fields)


@pytest.fixture
async def filled(reports: Reports) -> Reports:
    """Return a journal with an entry of each kind, a minute apart, in the order of `WORDS`."""
    sale = uuid4()
    minutes = [NOON + number * MINUTE for number in range(16)]
    sold = a_sale(sale_id=sale, recorded_at=minutes[0])
    await reports.receive(sold, actor=TILL)
    await reports.receive(SaleRejected(sale, STORE, minutes[1]), actor=TILL)
    await reports.receive(SaleCancelled(uuid4(), OTHER_STORE, minutes[2]), actor=WORKER)
    store = msgspec.structs.replace(a_store(STORE, "Plateau"), changed_at=minutes[3])
    product = msgspec.structs.replace(a_product(COFFEE, "Café"), changed_at=minutes[4])
    await reports.receive(store, product, actor=OFFICE)
    await reports.receive(LevelDeclared(STORE, COFFEE, minutes[5]), actor=OFFICE)
    await reports.receive(MovementPosted(uuid4(), OTHER_STORE, minutes[6]))
    key = msgspec.structs.replace(key_changed("secret", 1), changed_at=minutes[7])
    await reports.receive(key, actor=OFFICE)
    await reports.receive(a_void_of(sold, voided_at=minutes[8]), actor=MANAGER)
    refund = a_return(store_id=OTHER_STORE, recorded_at=minutes[9])
    await reports.receive(refund, actor=OTHER_TILL)
    marked = a_sale(recorded_at=minutes[10], is_price_forced=True)
    await reports.receive(marked, actor=OFFLINE_TILL)
    await reports.receive(a_closing(closed_at=minutes[11]), actor=MANAGER)
    # The receiver's event may come first: it is in another partition than the sender's.
    arrival = TransferReceived(uuid4(), STORE, minutes[12])
    await reports.receive(arrival, actor=MANAGER)
    await reports.receive(TransferShipped(uuid4(), OTHER_STORE, minutes[13]))
    await reports.receive(CashMoved(CASH, STORE, minutes[14]), actor=MANAGER)
    await reports.receive(TaxRateChanged(5, minutes[15]), actor=OFFICE)
    return reports


async def kinds(reports: Reports, **query: Any) -> list[str]:
    return [entry["type"] for entry in await reports.get("/api/journal", **query)]


async def test_each_act_has_an_entry_that_names_who_acted(filled: Reports) -> None:
    entries = await filled.get("/api/journal")

    assert [entry["type"] for entry in entries] == list(reversed(WORDS))
    assert [(entry["acteur"], entry["magasin_id"]) for entry in reversed(entries)] == [
        (TILL, STORE),
        (TILL, STORE),
        (WORKER, OTHER_STORE),
        (OFFICE, STORE),
        (OFFICE, None),
        (OFFICE, STORE),
        (None, OTHER_STORE),
        (OFFICE, None),
        (MANAGER, STORE),
        (OTHER_TILL, OTHER_STORE),
        (OFFLINE_TILL, STORE),
        (MANAGER, STORE),
        (MANAGER, STORE),
        (None, OTHER_STORE),
        (MANAGER, STORE),
        (OFFICE, None),
    ]
    assert (entries[0]["objet"], entries[1]["objet"]) == ("5", str(CASH))
    assert entries[4]["objet"] == "2026-11-23"
    assert entries[8]["objet"] == "shop/manager"
    assert entries[7]["objet"] == entries[-1]["objet"]
    assert [entry["objet"] for entry in entries if entry["type"] == "produit_modifie"] == ["11"]
    first = datetime.fromisoformat(entries[-1]["enregistre_a"])
    assert first == NOON


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (
            {"acteur": OFFICE},
            [
                *("taux_modifie", "cle_modifiee", "niveau_declare"),
                *("produit_modifie", "magasin_modifie"),
            ],
        ),
        ({"type": "taux_modifie"}, ["taux_modifie"]),
        ({"type": "caisse_mouvementee", "magasin_id": STORE}, ["caisse_mouvementee"]),
        ({"type": "cle_modifiee"}, ["cle_modifiee"]),
        ({"acteur": "nobody"}, []),
        (
            {"magasin_id": OTHER_STORE},
            ["transfert_expedie", "retour_enregistre", "mouvement", "vente_annulee"],
        ),
        (
            {"acteur": MANAGER},
            [
                *("caisse_mouvementee", "transfert_recu"),
                *("journee_cloturee", "vente_confirmee_annulee"),
            ],
        ),
        ({"type": "transfert_recu"}, ["transfert_recu"]),
        ({"type": "retour_enregistre"}, ["retour_enregistre"]),
        ({"type": "vente_annulee"}, ["vente_annulee"]),
        ({"type": "journee_cloturee"}, ["journee_cloturee"]),
        ({"acteur": OFFICE, "type": "magasin_modifie"}, ["magasin_modifie"]),
        ({"acteur": OFFICE, "magasin_id": STORE}, ["niveau_declare", "magasin_modifie"]),
        ({"magasin_id": STORE, "type": "mouvement"}, []),
        ({"type": "vente_marquee"}, ["vente_marquee"]),
        ({"acteur": OFFLINE_TILL, "magasin_id": STORE}, ["vente_marquee"]),
        (
            {"depuis": NOON + 8 * MINUTE},
            [
                *("taux_modifie", "caisse_mouvementee"),
                *("transfert_expedie", "transfert_recu"),
                *("journee_cloturee", "vente_marquee", "retour_enregistre"),
                "vente_confirmee_annulee",
            ],
        ),
        ({"avant": NOON + MINUTE}, ["vente_enregistree"]),
        ({"depuis": NOON + MINUTE, "avant": NOON + 3 * MINUTE}, ["vente_annulee", "vente_rejetee"]),
        ({"acteur": TILL, "depuis": NOON + MINUTE}, ["vente_rejetee"]),
        ({"magasin_id": STORE, "avant": NOON + MINUTE}, ["vente_enregistree"]),
    ],
)
async def test_a_filter_shows_its_entries_alone(
    filled: Reports, query: dict[str, Any], found: Sequence[str]
) -> None:
    assert await kinds(filled, **query) == found


@pytest.mark.parametrize(
    "query",
    [{}, {"acteur": TILL}, {"magasin_id": STORE}, {"acteur": TILL, "magasin_id": STORE}],
)
async def test_pages_show_every_entry_once(reports: Reports, query: dict[str, Any]) -> None:
    # Seven of one instant and of two kinds, so that a page ends between them.
    instants = [NOON + number // 7 * MINUTE for number in range(21)]
    acts = [
        a_sale(recorded_at=instant) if number % 2 else SaleRejected(uuid4(), STORE, instant)
        for number, instant in enumerate(instants)
    ]
    await reports.receive(*acts, actor=TILL)
    url = str(reports.client.build_request("GET", "/api/journal", params=query | {"limite": 5}).url)
    seen: list[str] = []
    while url:
        answer = await reports.client.get(url)
        seen += [entry["objet"] for entry in answer.json()]
        url = answer.links.get("next", {}).get("url", "")

    assert sorted(seen) == sorted(str(act.sale_id) for act in acts)


@pytest.mark.parametrize(
    "query",
    [
        {"curseur": "x"},
        {"curseur": "MjAyNi0xMS0yMw=="},
        {"curseur": AN_EARLY_CURSOR},
        {"type": "vente"},
        {"acteur": ""},
        {"acteur": "a\x00"},
        {"depuis": "2026-01-01T00:00:00"},
        {"limite": 501},
        {"store_id": 1},
    ],
)
async def test_another_question_is_refused(reports: Reports, query: dict[str, Any]) -> None:
    answer = await reports.client.get("/api/journal", params=query)

    assert answer.status_code == 422, answer.text


async def test_a_period_that_ends_before_it_begins_is_refused(reports: Reports) -> None:
    query = {"depuis": "2026-02-01T00:00:00Z", "avant": "2026-01-01T00:00:00Z"}

    answer = await reports.client.get("/api/journal", params=query)

    assert (answer.status_code, answer.json()["code"]) == (400, "dates-inversees")


async def test_an_event_that_is_delivered_again_has_one_entry(projection: Projection) -> None:
    events = delivered([a_sale(), a_sale(is_confirmed=False)], actor=TILL)

    for _ in range(2):
        async with AsyncSession(projection.engine) as session, session.begin():
            await sales_events.apply(session, events)

    assert await projection.rows("SELECT count(*) FROM journal") == [(2,)]


@pytest.mark.parametrize(
    ("is_price_forced", "is_backdated", "kind"),
    [
        (True, False, "sale-marked"),
        (False, True, "sale-marked"),
        (True, True, "sale-marked"),
        (False, False, "sale-recorded"),
    ],
)
async def test_a_sale_beyond_the_rights_of_its_key_is_told_apart(
    projection: Projection, is_price_forced: bool, is_backdated: bool, kind: str
) -> None:
    sold = a_sale(is_price_forced=is_price_forced, is_backdated=is_backdated)
    await projection.receive(sold, actor=TILL)

    assert await projection.rows("SELECT kind, actor FROM journal") == [(kind, TILL)]


async def test_what_follows_by_itself_is_no_act(projection: Projection) -> None:
    pending = a_sale(is_confirmed=False)
    await projection.receive(pending, actor=TILL)

    await projection.receive(confirmed(pending), actor=TILL)
    await projection.receive(levels((COFFEE, 1, 1)), actor=TILL)

    assert await projection.rows("SELECT kind, actor FROM journal") == [("sale-recorded", TILL)]


async def test_any_plausible_instant_can_be_stored_and_shown(reports: Reports) -> None:
    early, late = datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
    await reports.receive(*(a_sale(recorded_at=instant) for instant in (early, late)))

    entries = await reports.get("/api/journal")

    assert [datetime.fromisoformat(each["enregistre_a"]) for each in entries] == [late, early]
