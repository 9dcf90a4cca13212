"""`/api/produits`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.types import StringConstraints

from sales_service.api.pages import link_next
from sales_service.api.roles import Anyone, HeadOffice
from sales_service.api.schemas import (
    PathId,
    ProductChange,
    ProductIn,
    ProductOut,
    ProductsIn,
    ProductsOut,
    ProductsPage,
    no_nul,
)
from sales_service.api.stores import PageQuery
from sales_service.db import catalogue
from sales_service.db.catalogue import ProductOrder
from sales_service.use_cases.manage_products import add_product, add_products, change_product
from service_kit.database.sessions import ReadSession, write_session
from service_kit.http.idempotency import IdempotencyKey, claim_key, record_outcome
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["produits"], route_class=TimedRoute)

MOST_FOUND = 100
SORTABLE = {
    "id": ProductOrder.ID,
    "nom": ProductOrder.NAME,
    "categorie": ProductOrder.CATEGORY,
    "prix": ProductOrder.UNIT_PRICE,
    "sku": ProductOrder.SKU,
}


class SearchQuery(BaseModel):
    """What to look for in names, SKUs, categories and ids."""

    model_config = ConfigDict(extra="forbid")

    critere: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
        AfterValidator(no_nul),
    ]


class FilterQuery(BaseModel):
    """The seed's page; `sort` is `champ,ordre`, as in `nom,asc`."""

    model_config = ConfigDict(extra="forbid")

    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    size: Annotated[int, Field(ge=1, le=500)] = 20
    sort: Annotated[str, Field(pattern=f"^({'|'.join(SORTABLE)})(,(asc|desc))?$")] = "nom,asc"
    categorie: Annotated[str, Field(max_length=200), AfterValidator(no_nul)] | None = None


@router.get("/api/produits/")
@router.get("/api/produits", include_in_schema=False)
async def get_products(
    request: Request,
    response: Response,
    session: ReadSession,
    caller: Anyone,
    query: Annotated[PageQuery, Query()],
) -> list[ProductOut]:
    products = await catalogue.list_products(session, query.curseur, query.limite)
    if len(products) == query.limite:
        link_next(request, response, str(products[-1].id))
    return [ProductOut.of(product) for product in products]


@router.get("/api/produits/recherche")
async def search_products(
    session: ReadSession, caller: Anyone, query: Annotated[SearchQuery, Query()]
) -> list[ProductOut]:
    found = await catalogue.find_products_matching(session, query.critere, MOST_FOUND)
    return [ProductOut.of(product) for product in found]


@router.get("/api/produits/filtrer")
async def filter_products(
    session: ReadSession, caller: Anyone, query: Annotated[FilterQuery, Query()]
) -> ProductsPage:
    field, _, order = query.sort.partition(",")
    total, products = await catalogue.find_products_page(
        session, query.categorie, SORTABLE[field], order == "desc", query.page, query.size
    )
    return ProductsPage(
        total=total,
        page=query.page,
        size=query.size,
        produits=[ProductOut.of(product) for product in products],
    )


@router.post("/api/produits/", status_code=201, response_model=ProductOut)
@router.post("/api/produits", status_code=201, include_in_schema=False)
async def post_product(
    body: ProductIn, request: Request, caller: HeadOffice, idempotency_key: IdempotencyKey = None
) -> Response:
    async with write_session(request) as session:
        if former := await claim_key(session, request, caller, idempotency_key):
            return former.response()
        added = ProductOut.of(await add_product(session, body.columns()))
        answer = added.model_dump_json().encode()
        await record_outcome(session, caller, idempotency_key, status=201, body=answer)
    return Response(answer, 201, media_type="application/json")


@router.post("/api/produits/lots", status_code=201, response_model=ProductsOut)
async def post_products(
    body: ProductsIn, request: Request, caller: HeadOffice, idempotency_key: IdempotencyKey = None
) -> Response:
    async with write_session(request) as session:
        if former := await claim_key(session, request, caller, idempotency_key):
            return former.response()
        columns = [product.columns() for product in body.produits]
        added = [ProductOut.of(product) for product in await add_products(session, columns)]
        answer = ProductsOut(produits=added).model_dump_json().encode()
        await record_outcome(session, caller, idempotency_key, status=201, body=answer)
    return Response(answer, 201, media_type="application/json")


@router.put("/api/produits/{product_id}")
async def put_product(
    product_id: PathId, body: ProductChange, request: Request, caller: HeadOffice
) -> ProductOut:
    async with write_session(request) as session:
        return ProductOut.of(await change_product(session, product_id, body.columns()))
