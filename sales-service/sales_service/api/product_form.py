"""Reads a new product from the body, or from the query as the seed's clients send it."""

from typing import Annotated

from fastapi import Depends, Query
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from sales_service.api.schemas import ProductIn, ProductParameters
from service_kit.http.problems import invalid_request

_TWO_FORMS = {
    "pointer": "",
    "code": "deux-formes",
    "detail": "Le produit est dans le corps ou dans les paramètres, pas dans les deux.",
}


def _read_product(
    parameters: Annotated[ProductParameters, Query()], body: ProductIn | None = None
) -> ProductIn:
    given = parameters.given()
    if not given:
        if body is None:
            raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": ""}])
        return body
    if body is not None:
        raise invalid_request([_TWO_FORMS])
    try:
        return ProductIn.model_validate(given)
    except ValidationError as error:
        faults = [{**fault, "loc": ("query", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error


GivenProduct = Annotated[ProductIn, Depends(_read_product, scope="function")]
