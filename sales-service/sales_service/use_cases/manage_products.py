"""Adds products to the chain's catalogue and changes them; each change is announced."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db import catalogue
from sales_service.db.catalogue import ProductRow
from sales_service.db.stores import find_store_ids
from sales_service.db.taxes import find_classes
from sales_service.domain.errors import (
    CodeKind,
    CodesTaken,
    CodeTaken,
    CountWithoutStore,
    SkuInMotion,
    TakenCode,
    UnknownHomeStores,
    UnknownProduct,
    UnknownStore,
)
from sales_service.domain.tax_errors import UnknownTaxClass, UnknownTaxClasses
from sales_service.domain.taxes import CLASSES
from sales_service.events.level_events import declared
from sales_service.use_cases.announce_products import announce_products
from sales_service.use_cases.manage_prices import note_price
from service_kit.database.faults import constraint_of
from service_kit.events.causes import current_actor
from service_kit.events.outbox import add_to_outbox


@dataclass(frozen=True, slots=True)
class NewProduct:
    """The columns of a new product, and the units that the store it is made for has."""

    columns: dict[str, Any]
    opening_units: int


@dataclass(frozen=True, slots=True)
class Count:
    """Counted units, and the store; the default is the store that the product was made for."""

    units: int
    store_id: int | None


async def add_product(session: AsyncSession, product: NewProduct) -> ProductRow:
    """Add a product and return it.

    Raises `CodeTaken`, `SkuInMotion`, `UnknownStore` or `UnknownTaxClass`.
    """
    try:
        [added] = await add_products(session, [product])
    except CodesTaken as error:
        taken = error.taken[0]
        raise CodeTaken(taken.kind, taken.code, taken.product_id) from error
    except UnknownHomeStores as error:
        raise UnknownStore from error
    except UnknownTaxClasses as error:
        raise UnknownTaxClass(error.classes[0]) from error
    return added


async def add_products(session: AsyncSession, products: Sequence[NewProduct]) -> list[ProductRow]:
    """Add products, all or none, and return them.

    Raises `CodesTaken`, `SkuInMotion`, `UnknownHomeStores` or `UnknownTaxClasses`.
    """
    columns = [product.columns for product in products]
    await _check_home_stores(session, columns)
    await _check_tax_classes(session, [product["tax_class"] for product in columns])
    added = await catalogue.insert_products(session, columns, current_actor())
    if len(added) < len(products):
        taken = await _find_taken(session, columns, {product.id for product in added})
        raise CodesTaken(taken) if taken else SkuInMotion
    await announce_products(session, added)
    openings = [
        declared("opening", row.home_store_id, row.id, product.opening_units, row.updated_at)
        for row, product in zip(added, products, strict=True)
        if row.home_store_id is not None and product.opening_units
    ]
    if openings:
        await add_to_outbox(session, openings)
    return added


async def _check_home_stores(session: AsyncSession, products: Sequence[dict[str, Any]]) -> None:
    wanted = {
        index: product["home_store_id"]
        for index, product in enumerate(products)
        if product["home_store_id"] is not None
    }
    if not wanted:
        return
    known = await find_store_ids(session, list(wanted.values()))
    if unknown := {index: id for index, id in wanted.items() if id not in known}:
        raise UnknownHomeStores(unknown)


async def _check_tax_classes(session: AsyncSession, classes: Sequence[str]) -> None:
    if unknown := await _find_unknown(session, set(classes)):
        raise UnknownTaxClasses({i: each for i, each in enumerate(classes) if each in unknown})


async def _find_unknown(session: AsyncSession, classes: set[str]) -> set[str]:
    made_by_rates = classes - CLASSES
    return made_by_rates and made_by_rates - await find_classes(session, made_by_rates)


_FIND_OWNERS = {
    CodeKind.SKU: catalogue.find_product_ids_by_sku,
    CodeKind.BARCODE: catalogue.find_product_ids_by_barcode,
}


async def _find_taken(
    session: AsyncSession, products: Sequence[dict[str, Any]], added: set[int]
) -> list[TakenCode]:
    taken: list[TakenCode] = []
    for kind, find_owners in _FIND_OWNERS.items():
        codes = [product[kind] for product in products]
        owners = await find_owners(session, [code for code in codes if code])
        taken += [
            # A repeated code belongs to a product that is about to be rolled back.
            TakenCode(index, kind, code, None if owners[code] in added else owners[code])
            for index, code in enumerate(codes)
            if code in owners and (owners[code] not in added or codes.count(code) > 1)
        ]
    return sorted(taken, key=lambda each: each.index)


async def change_product(
    session: AsyncSession,
    product_id: int,
    changes: dict[str, Any],
    count: Count | None = None,
) -> ProductRow:
    """Change a product, but not its past sales, declare what was counted, and return it.

    The update locks the product, so counts reach the stock in the order of its versions. Raises
    `UnknownProduct`, `CodeTaken`, `UnknownTaxClass`, `CountWithoutStore` or `UnknownStore`.
    """
    if "tax_class" in changes and await _find_unknown(session, {changes["tax_class"]}):
        raise UnknownTaxClass(changes["tax_class"])
    if "unit_price" in changes and await note_price(session, product_id, changes["unit_price"]):
        changes = changes | {"has_dated_prices": True}
    try:
        product = await catalogue.update_product(session, product_id, changes, current_actor())
    except IntegrityError as error:
        # A product that is put on sale again brings its bar code with it.
        is_barcode = constraint_of(error) == "products_by_barcode"
        kind = CodeKind.BARCODE if is_barcode else CodeKind.SKU
        raise CodeTaken(kind, changes.get(kind)) from error
    if product is None:
        raise UnknownProduct
    await announce_products(session, [product])
    if count is not None:
        await _declare(session, product, count)
    return product


@dataclass(frozen=True, slots=True)
class RetiredProduct:
    """A retired product, and its version before the request."""

    product: ProductRow
    former_version: int


async def retire_product(session: AsyncSession, product_id: int) -> RetiredProduct:
    """Retire a product and return it; raise `UnknownProduct`. Doing it again changes nothing."""
    product = await catalogue.retire_product(session, product_id, current_actor())
    if product is not None:
        await announce_products(session, [product])
        return RetiredProduct(product, product.version - 1)
    retired_before = await catalogue.read_product(session, product_id)
    if retired_before is None:
        raise UnknownProduct
    return RetiredProduct(retired_before, retired_before.version)


async def _declare(session: AsyncSession, product: ProductRow, count: Count) -> None:
    store_id = product.home_store_id if count.store_id is None else count.store_id
    if store_id is None:
        raise CountWithoutStore
    if not await find_store_ids(session, [store_id]):
        raise UnknownStore
    event = declared("count", store_id, product.id, count.units, product.updated_at)
    await add_to_outbox(session, [event])
