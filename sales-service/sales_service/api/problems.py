"""The one table from this service's errors to HTTP statuses."""

from sales_service.domain import errors

STATUS_OF: dict[type[Exception], int] = {
    errors.UnknownReference: 404,
    errors.UnknownStore: 404,
    errors.UnknownProduct: 404,
    errors.UnknownSale: 404,
    errors.StoreExists: 409,
    errors.ProductExists: 409,
    errors.SaleExists: 409,
    errors.StoreClosed: 409,
    errors.ImpossibleSale: 422,
}
