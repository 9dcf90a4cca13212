"""The rows that a report reads."""

from datetime import date, datetime

from msgspec import Struct


class StoreSales(Struct, frozen=True):
    """The figures of a store. Sales and returns are net of tax, and sales leave out voided ones.

    The amount is that of the sales less the returns. The store's name is unknown until the
    catalogue's event arrives.
    """

    store_id: int
    store: str | None
    sales_count: int
    amount_cents: int
    tax_cents: int
    discount_cents: int
    returns_count: int
    returned_cents: int
    voids_count: int
    voided_cents: int
    cash_rounding_cents: int


class StorePayment(Struct, frozen=True):
    """What a store took by a method of payment, less what it gave back."""

    store_id: int
    method: str
    amount_cents: int


class StoreTax(Struct, frozen=True):
    """What a store took of a tax, less what it gave back."""

    store_id: int
    code: str
    amount_cents: int


class ProductSales(Struct, frozen=True):
    """The sales of a product in the whole chain less its returns, net of tax."""

    product_id: int
    name: str | None
    category: str
    units: int
    amount_cents: int


class DaySales(Struct, frozen=True):
    """The sales of the whole chain on a business date less its returns, net of tax."""

    business_date: date
    amount_cents: int


class StockAlert(Struct, frozen=True):
    """A product of which a store has no unit left, or too many."""

    store_id: int
    store: str | None
    product_id: int
    name: str | None
    category: str
    on_hand: int


class Freshness(Struct, frozen=True):
    """When a report was read, and until when every committed event is counted in it."""

    computed_at: datetime
    complete_until: datetime | None


class StoreReport(Struct, frozen=True):
    """The figures of each store."""

    stores: list[StoreSales]
    payments: list[StorePayment]
    taxes: list[StoreTax]
    freshness: Freshness


class AlertCounts(Struct, frozen=True):
    """How many levels are out of stock, and how many are too high, listed or not."""

    stock_outs: int
    overstocks: int


class SalesReport(StoreReport, frozen=True):
    """Figures by store, product and day, with stock-outs and overstocks."""

    products: list[ProductSales]
    days: list[DaySales]
    stock_outs: list[StockAlert]
    overstocks: list[StockAlert]
    alert_counts: list[AlertCounts]


class DayFigures(Struct, frozen=True):
    """The figures of a day of a store, or of some of its documents. The amount is net of tax."""

    sales_count: int = 0
    amount_cents: int = 0
    tax_cents: int = 0
    discount_cents: int = 0
    returns_count: int = 0
    returned_cents: int = 0
    voids_count: int = 0
    voided_cents: int = 0
    cash_rounding_cents: int = 0


class Closing(DayFigures, frozen=True, kw_only=True):
    """What a store sealed when it closed a day, and who closed it."""

    closed_at: datetime
    closed_by: str | None
    is_automatic: bool
    uncounted_registers: int
    cash_difference_cents: int | None


class StoreDay(Struct, frozen=True):
    """A day of a store: what is counted of it, what of that came late, and its closing."""

    store_id: int
    store: str | None
    business_date: date
    counted: DayFigures | None
    late: DayFigures | None
    closing: Closing | None
    is_closed: bool


class DayReport(Struct, frozen=True):
    """The days of stores that have documents or a closing."""

    days: list[StoreDay]
    freshness: Freshness
