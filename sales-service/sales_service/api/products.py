"""`/api/produits`."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel, Field
from pydantic.types import StringConstraints

from sales_service.api.answers import (
    JSON,
    ProductOut,
    ProductsOut,
    ProductsPage,
    respond,
    respond_made,
    respond_version,
)
from sales_service.api.pages import read_place, write_place
from sales_service.api.product_form import GivenProduct
from sales_service.api.roles import Anyone, HeadOffice, sees_costs
from sales_service.api.schemas import (
    CURSOR_HINT,
    FRENCH_ONLY,
    LARGEST_ID,
    PathId,
    PricesOfStore,
    ProductChange,
    ProductsIn,
    ProductsQuery,
    no_nul,
)
from sales_service.api.words import translate
from sales_service.db import catalogue
from sales_service.db.catalogue import ProductRow
from sales_service.db.product_search import (
    Found,
    ProductOrder,
    find_products_matching,
    find_products_page,
    place_of,
)
from sales_service.domain.errors import UnknownProduct
from sales_service.domain.search_keys import fold
from sales_service.use_cases.manage_prices import price_in_store
from sales_service.use_cases.manage_products import (
    add_product,
    add_products,
    change_product,
    retire_product,
)
from service_kit.http.callers import Caller
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.openapi import json_of
from service_kit.http.pages import link_next
from service_kit.http.preconditions import IfMatch, require_match
from service_kit.http.state import ReadSession, write_session
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["produits"], route_class=TimedRoute)

PRODUCTS = "/api/produits/"
SORTABLE = {translate(order.value): order for order in ProductOrder}


def _has_a_key(words: str) -> str:
    if not fold(words):
        raise ValueError("Une lettre ou un chiffre est attendu.")
    return words


class SearchQuery(BaseModel):
    """A page of a search in names, SKUs and categories, without accents and case, and for a product
    with this id or bar code."""

    model_config = FRENCH_ONLY

    store_id: PricesOfStore = None
    wanted: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
        AfterValidator(no_nul),
        AfterValidator(_has_a_key),
        Field(examples=["café"]),
    ]
    is_active: bool = True
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[str | None, Field(max_length=2000, description=CURSOR_HINT)] = None


class FilterQuery(BaseModel):
    """A page as in the seed; `sort` is `champ,ordre`, as in `nom,asc`.

    The order by price is that of the chain's prices."""

    model_config = FRENCH_ONLY

    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    size: Annotated[int, Field(ge=1, le=500)] = 20
    sort: Annotated[str, Field(pattern=f"^({'|'.join(SORTABLE)})(,(asc|desc))?$")] = "nom,asc"
    category: Annotated[
        Annotated[str, Field(max_length=200), AfterValidator(no_nul)] | None,
        Field(description="Only products with this whole category; accents and case do not count"),
    ] = None
    is_active: bool = True
    store_id: PricesOfStore = None


class ProductQuery(BaseModel):
    """The store whose price is shown; without it, it is the chain's."""

    model_config = FRENCH_ONLY

    store_id: PricesOfStore = None


def _show(product: ProductRow, caller: Caller) -> ProductOut:
    return ProductOut.of(product, with_cost=sees_costs(caller))


@router.get("/api/produits/", responses={200: json_of(list[ProductOut])})
async def get_products(
    request: Request, session: ReadSession, caller: Anyone, query: Annotated[ProductsQuery, Query()]
) -> Response:
    """Return the products by id. No two products on sale have the same `code_barres`."""
    products = await catalogue.list_products(
        session, query.is_active, query.barcode, query.cursor, query.limit + 1
    )
    page = await price_in_store(session, products[: query.limit], query.store_id)
    headers = link_next(request, str(page[-1].id)) if len(products) > len(page) else {}
    return respond([_show(product, caller) for product in page], headers=headers)


@router.get("/api/produits/recherche", responses={200: json_of(list[ProductOut])})
async def search_products(
    request: Request, session: ReadSession, caller: Anyone, query: Annotated[SearchQuery, Query()]
) -> Response:
    """Return the matching products by name, after those with exactly this bar code, SKU or id.

    A scanner asks `GET /api/produits/?code_barres=`, which finds nothing else."""
    after = Found() if query.cursor is None else read_place(query.cursor)
    found = await find_products_matching(
        session, query.is_active, query.wanted, after, query.limit + 1
    )
    page = await price_in_store(session, found[: query.limit], query.store_id)
    headers = {}
    if len(found) > len(page):
        headers = link_next(request, write_place(place_of(page[-1], query.wanted)))
    return respond([_show(product, caller) for product in page], headers=headers)


@router.get("/api/produits/filtrer", responses={200: json_of(ProductsPage)})
async def filter_products(
    session: ReadSession, caller: Anyone, query: Annotated[FilterQuery, Query()]
) -> Response:
    field, _, order = query.sort.partition(",")
    total, products = await find_products_page(
        session,
        query.is_active,
        query.category,
        SORTABLE[field],
        order == "desc",
        query.page,
        query.size,
    )
    priced = await price_in_store(session, products, query.store_id)
    found = [_show(product, caller) for product in priced]
    return respond(ProductsPage(total, query.page, query.size, found))


@router.post("/api/produits/", status_code=201, responses={201: json_of(ProductOut)})
async def post_product(
    given: GivenProduct, request: Request, caller: HeadOffice, keyed: Keyed
) -> Response:
    """Add a product, given in the body or in the query."""
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return respond_made(former.answer, PRODUCTS, REPLAYED)
        product = await add_product(session, given.new_product())
        answer = msgspec.json.encode(_show(product, caller))
        await keyed.record(session, status=201, body=answer)
    return respond_made(answer, PRODUCTS)


@router.post("/api/produits/lots", status_code=201, responses={201: json_of(ProductsOut)})
async def post_products(
    body: ProductsIn, request: Request, caller: HeadOffice, keyed: Keyed
) -> Response:
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        products = [product.new_product() for product in body.products]
        added = [_show(product, caller) for product in await add_products(session, products)]
        answer = msgspec.json.encode(ProductsOut(added))
        await keyed.record(session, status=201, body=answer)
    return Response(answer, 201, media_type=JSON)


@router.get("/api/produits/{produit_id}", responses={200: json_of(ProductOut)})
async def get_product(
    produit_id: PathId,
    session: ReadSession,
    caller: Anyone,
    query: Annotated[ProductQuery, Query()],
) -> Response:
    found = await catalogue.read_product(session, produit_id)
    if found is None:
        raise UnknownProduct
    [product] = await price_in_store(session, [found], query.store_id)
    return respond_version(_show(product, caller))


@router.put("/api/produits/{produit_id}", responses={200: json_of(ProductOut)})
async def put_product(
    produit_id: PathId,
    body: ProductChange,
    request: Request,
    caller: HeadOffice,
    if_match: IfMatch = None,
) -> Response:
    async with write_session(request) as session:
        product = await change_product(session, produit_id, body.columns(), body.count())
        # Checked last: the change has locked the row, and is undone by the error.
        require_match(if_match, product.version - 1)
    return respond_version(_show(product, caller))


# The examples of other operations need product 1 on sale.
RetiringId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[200])]


@router.delete("/api/produits/{produit_id}", responses={200: json_of(ProductOut)})
async def delete_product(
    produit_id: RetiringId, request: Request, caller: HeadOffice, if_match: IfMatch = None
) -> Response:
    """Retire a product. It is sold no more; its sales, its stock and its name stay."""
    async with write_session(request) as session:
        retired = await retire_product(session, produit_id)
        require_match(if_match, retired.former_version)
    return respond_version(_show(retired.product, caller))
