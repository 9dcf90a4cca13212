"""A seeded workload: tills sell and stores receive goods while faults happen."""

import asyncio
from random import Random
from types import TracebackType
from typing import Any
from uuid import UUID

import httpx
from uuid_utils.compat import uuid7

from infra.tools.local.keys import ensure_store_key
from tests.fixtures.http import open_client
from tests.system.faults.bulk import LotOffice
from tests.system.faults.cash import CashOffice
from tests.system.faults.client import Client
from tests.system.faults.closings import DayOffice
from tests.system.faults.costs import list_lines
from tests.system.faults.counting import CountOffice
from tests.system.faults.discounts import ask_for_discounts
from tests.system.faults.goods import Goods, describe_goods
from tests.system.faults.history import Asked, History, Operation, Outcome
from tests.system.faults.key_changes import KeyOffice
from tests.system.faults.layout import FaultLayout
from tests.system.faults.lots import OfflineTill, sell_offline
from tests.system.faults.moving import CENTRE_UNITS, GoodsOffice
from tests.system.faults.paying import choose_payments
from tests.system.faults.reserving import reserve
from tests.system.faults.returning import SHARE_RETURNED_OF_VOIDED, ask_for_returns
from tests.system.faults.tax_changes import TaxOffice
from tests.system.faults.watching import LimitsOffice

TILLS = 6
OPENING_UNITS = 40
SHARE_WITHOUT_RETRY = 0.08
SHARE_DOUBLED = 0.15
SHARE_MOVEMENTS = 0.2
SHARE_OPENINGS = 0.2  # of the movements
MOST_COUNTS = 2  # of each opened product
SHARE_ASYNC = 0.2
SHARE_VOIDED = 0.06
SHARE_EXEMPT = 0.05


class Workload:
    """The clients of one run; `history` holds what they know."""

    def __init__(self, layout: FaultLayout, seed: int) -> None:
        self.history = History()
        self._seed = seed
        self._urls = {name: layout.url(f"{name}-api") for name in ("sales", "stock", "report")}
        limits = httpx.Limits(max_connections=4 * TILLS)
        self._layout = layout
        # The keys of each store: of its till, and of its manager.
        self._keys: dict[int, dict[str, str]] = {}
        token = layout.secrets["head-office"]
        self._http = open_client(headers={"x-token": token}, timeout=15, limits=limits)
        self._client = Client(self._http, self.history)
        self._offline_till = OfflineTill(self._http, self._urls["sales"], self.history)
        self._goods = Goods(())
        self._taxes = TaxOffice(self._http, self._urls["sales"], self.history)

    async def __aenter__(self) -> "Workload":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def open_stores(self) -> None:
        """Open three stores, of both stock policies, with stock of all goods; two charge taxes."""
        run = f"{self._seed}-{id(self):x}"
        products = [await self._create("/api/produits/", body) for body in describe_goods(run)]
        self._goods = Goods(tuple(products))
        assert await self._taxes.add_rate(), self.history.surprises
        for number, policy in enumerate(("strict", "strict", "permissive")):
            body: dict[str, Any] = {"nom": f"{run}-magasin-{number}", "politique_stock": policy}
            is_taxed = number > 0
            if is_taxed:
                body["lieu_fiscal"] = self._taxes.place
            else:
                body["taxes"] = []
            store_id = await self._create("/api/magasins/", body)
            self.history.stores[store_id] = policy
            if is_taxed:
                self.history.taxed_stores.add(store_id)
            self._keys[store_id] = {
                role: await ensure_store_key(self._layout, role, store_id)
                for role in ("till", "manager")
            }
            opening = Operation(
                f"{run}-opening-{store_id}", store_id, dict.fromkeys(products, OPENING_UNITS)
            )
            self.history.movements.append(opening)
            await self._move(opening, "reception")

        await self._open_centre(run)

    async def _open_centre(self, run: str) -> None:
        """Open a place where nobody sells, with stock of all goods."""
        body = {"nom": f"{run}-centre", "type": "centre_logistique", "taxes": []}
        self.history.centre_id = centre_id = await self._create("/api/magasins/", body)
        units = dict.fromkeys(self._goods.product_ids, CENTRE_UNITS)
        opening = Operation(f"{run}-opening-{centre_id}", centre_id, units)
        await self._move(opening, "reception", self._layout.secrets["head-office"])

    async def _create(self, path: str, body: dict[str, Any]) -> int:
        # Connections may still fail from the last run's faults.
        operation = Operation(body["nom"], 0, {})
        await self._client.insist(operation, self._urls["sales"] + path, body, {})
        assert operation.answers, self.history.surprises
        return int(operation.answers[0]["id"])

    async def run(self, until: asyncio.Event, at_least: int) -> None:
        """Run all tills until the faults are over, and for at least `at_least` operations each."""
        name = f"{self._seed}-{id(self):x}"
        office = KeyOffice(self._http, self._urls["sales"], self.history, name)
        async with asyncio.TaskGroup() as tills:
            tills.create_task(office.run(Random(f"{self._seed}/keys"), until))
            tills.create_task(self._taxes.run(Random(f"{self._seed}/taxes"), until))
            cash = CashOffice(self._client, self._urls["sales"], self.history)
            days = DayOffice(self._client, self._urls["sales"], self.history, self._goods, cash)
            for store_id, keys in self._keys.items():
                random = Random(f"{self._seed}/{store_id}/days")
                tills.create_task(days.run(random, name, store_id, keys["manager"]))
            goods = GoodsOffice(self._client, self._urls["stock"], self.history, self._goods)
            tills.create_task(goods.run(Random(f"{self._seed}/goods"), name, until))
            lots = LotOffice(self._client, self._urls["stock"], self.history, self._goods)
            tills.create_task(lots.run(Random(f"{self._seed}/lots"), name, until))
            counts = CountOffice(self._client, self._urls, self._offline_till, self._keys)
            tills.create_task(counts.run(Random(f"{self._seed}/counts"), name, self.history, until))
            limits = LimitsOffice(self._client, self._urls["stock"], self.history, self._goods)
            tills.create_task(limits.run(Random(f"{self._seed}/limits"), name, until))
            for number in range(TILLS):
                tills.create_task(self._work(number, until, at_least))

    async def _work(self, till: int, until: asyncio.Event, at_least: int) -> None:
        random = Random(f"{self._seed}/{till}")
        done = 0
        while done < at_least or not until.is_set():
            key = f"{self._seed}-{id(self):x}-{till}-{done}"
            store_id = random.choice(list(self.history.stores))
            await self._deliver_lot(key, store_id)
            if random.random() < SHARE_MOVEMENTS * SHARE_OPENINGS:
                await self._add_with_stock(random, key, store_id)
            elif random.random() < SHARE_MOVEMENTS:
                await self._receive(random, key, store_id)
            else:
                await self._sell(random, key, store_id)
            done += 1
            await asyncio.sleep(random.uniform(0, 0.05))

    async def _add_with_stock(self, random: Random, key: str, store_id: int) -> None:
        """Add a product that nobody sells, with opening stock, and count it up to twice."""
        operation = Operation(key, store_id, {})
        self.history.movements.append(operation)
        units = random.randint(1, 20)
        body = {"nom": key, "categorie": "Essai", "prix": 1}
        opening = {"magasin_id": store_id, "quantite_stock": units}
        url = self._urls["sales"] + "/api/produits/"
        await self._client.insist(operation, url, body | opening, {})
        if operation.outcome is not Outcome.DONE:
            return
        product = int(operation.answers[0]["id"])
        declared = [units]
        for version in range(1, random.randint(0, MOST_COUNTS) + 1):
            units = random.randint(0, 20)
            count = Operation(f"{key}-count-{version}", store_id, {})
            url = f"{self._urls['sales']}/api/produits/{product}"
            # Otherwise a late repetition of one count could come after the next one.
            based_on = {"if-match": f'"{version}"'}
            await self._client.insist(count, url, {"quantite_stock": units}, based_on, method="PUT")
            declared.append(units)
        operation.quantities = {product: units}
        self.history.declared[store_id, product] = declared

    async def _receive(self, random: Random, key: str, store_id: int) -> None:
        products = self._goods.choose(random, 4)
        if random.random() < 0.25:
            operation = Operation(key, store_id, {products[0]: -random.randint(1, 2)})
            kind = "ajustement"
        else:
            operation = Operation(
                key, store_id, {product: random.randint(1, 6) for product in products}
            )
            kind = "reception"
        self.history.movements.append(operation)
        await self._move(operation, kind)

    async def _move(self, operation: Operation, kind: str, token: str | None = None) -> None:
        lines = list_lines(operation, is_reception=kind == "reception")
        body: dict[str, Any] = {"magasin_id": operation.store_id, "type": kind, "lignes": lines}
        if kind == "ajustement":
            body["motif"] = "inventaire"
        headers = {"x-token": token or self._keys[operation.store_id]["manager"]}
        url = self._urls["stock"] + "/api/stock/mouvements"
        await self._client.insist(operation, url, body, headers)

    async def _sell(self, random: Random, key: str, store_id: int) -> None:
        products = self._goods.choose(random, 3)
        operation = Operation(
            key, store_id, {p: random.randint(1, 3) for p in products}, rates=self.history.rates
        )
        self.history.sales.append(operation)
        lines = [{"produit_id": id, "quantite": n} for id, n in operation.quantities.items()]
        body: dict[str, Any] = {"magasin_id": store_id, "panier": lines} | choose_payments(key)
        ask_for_discounts(body, operation)
        if random.random() < SHARE_EXEMPT:
            body["exemption_taxes"] = {"motif": "Certificat 123"}
        url = self._urls["sales"] + "/api/ventes/"
        headers = {"x-token": self._keys[store_id]["till"]}
        if random.random() < SHARE_ASYNC:
            headers["prefer"] = "respond-async"
        token = {"x-token": headers["x-token"]}
        named = await reserve(self._client, self._urls["stock"], self.history, operation, token)
        if named is not None:
            body["reservation_id"] = str(named)
        if random.random() < SHARE_VOIDED:
            await self._sell_and_void(random, operation, body, headers)
            return
        if random.random() < SHARE_WITHOUT_RETRY:
            await self._client.send(operation, url, body, headers)
        elif random.random() < SHARE_DOUBLED:
            # A till may repeat a request that seems lost while the first one still runs.
            async with asyncio.TaskGroup() as both:
                both.create_task(self._client.insist(operation, url, body, headers))
                both.create_task(self._client.insist(operation, url, body, headers))
        else:
            await self._client.insist(operation, url, body, headers)
        await self._bring_back(operation)

    async def _bring_back(self, sale: Operation) -> None:
        """Bring goods of a sale back, by several tills at once."""
        asked = ask_for_returns(sale, list(self.history.stores), self._goods.dearest_id)
        async with asyncio.TaskGroup() as tills:
            self._ask(tills, sale, asked)

    def _ask(self, tills: asyncio.TaskGroup, sale: Operation, asked: list[Asked]) -> None:
        """Begin the returns and exchanges of a sale."""
        if not asked:
            return
        self.history.returns[sale.key] = asked
        url = f"{self._urls['sales']}/api/ventes/{sale.answers[0]['vente_id']}"
        for each in asked:
            path = f"{url}/{'echanges' if each.goods else 'retours'}"
            headers = {"x-token": self._keys[each.operation.store_id]["till"]}
            for _ in range(2 if each.is_doubled else 1):
                tills.create_task(self._client.insist(each.operation, path, each.body, headers))

    async def _deliver_lot(self, key: str, store_id: int) -> None:
        """Deliver what the till sold while it was offline, if it was; some of it comes back."""
        lot = sell_offline(key, store_id, self._goods)
        if not lot:
            return
        await self._offline_till.deliver(lot, self._keys[store_id]["till"])
        for each in lot:
            await self._bring_back(each.operation)

    async def _sell_and_void(
        self, random: Random, sale: Operation, body: dict[str, Any], headers: dict[str, str]
    ) -> None:
        """Sell, and void afterwards, or at once while the sale may be pending; some twice.

        Of a sale that is voided afterwards, goods may come back before, or at the same moment.
        """
        sale_id = uuid7()
        voids = [
            Operation(f"{sale.key}-void-{number}", sale.store_id, {})
            for number in range(random.choice((1, 1, 2)))
        ]
        self.history.voids[UUID(int=sale_id.int)] = voids
        url = f"{self._urls['sales']}/api/ventes/"
        body = body | {"vente_id": str(sale_id)}
        is_early = random.random() < 0.5
        if is_early:
            await self._client.send(sale, url, body, headers | {"prefer": "respond-async"})
        else:
            await self._client.insist(sale, url, body, headers)
        void = f"{url}{sale_id}/annulation"
        asked: list[Asked] = []
        if not is_early:
            stores, share = list(self.history.stores), SHARE_RETURNED_OF_VOIDED
            asked = ask_for_returns(sale, stores, self._goods.dearest_id, share)
        if random.random() < 0.5:
            async with asyncio.TaskGroup() as tills:
                self._ask(tills, sale, asked)
            asked = []
        async with asyncio.TaskGroup() as tills:
            if is_early:
                tills.create_task(self._client.insist(sale, url, body, headers))
            for each in voids:
                tills.create_task(self._client.insist(each, void, {"motif": "Essai"}, headers))
            self._ask(tills, sale, asked)
