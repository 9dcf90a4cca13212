"""The one table from this service's errors to HTTP statuses."""

from stock_service.domain import errors

STATUS_OF: dict[type[Exception], int] = {
    errors.UnknownStore: 404,
    errors.UnknownProduct: 404,
    errors.InsufficientStock: 409,
    errors.InvalidDocument: 422,
    errors.LevelOutOfBounds: 422,
}
