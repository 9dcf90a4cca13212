"""`python -m infra.tools.measure.bench.seed_sales`: sell as the original did, in one process.

A synchronous ORM reads each level, compares it, and writes the lower one; the sale and its lines
commit with it. Nothing locks a level between the read and the write, so two tills can sell the same
unit. DATABASE_URL and HTTP_PORT as for the services.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

MODULE = "infra.tools.measure.bench.seed_sales"


class Base(DeclarativeBase):
    """`data/seed_shop.sql` makes the tables."""


class Product(Base):
    __tablename__ = "produits"
    id: Mapped[int] = mapped_column(primary_key=True)
    prix: Mapped[float]


class Level(Base):
    __tablename__ = "stocks"
    id: Mapped[int] = mapped_column(primary_key=True)
    magasin_id: Mapped[int]
    produit_id: Mapped[int]
    quantite: Mapped[int]


class Line(Base):
    __tablename__ = "lignes_vente"
    id: Mapped[int] = mapped_column(primary_key=True)
    vente_id: Mapped[int] = mapped_column(ForeignKey("ventes.id"))
    produit_id: Mapped[int]
    quantite: Mapped[int]
    sous_total: Mapped[float]


class Sale(Base):
    __tablename__ = "ventes"
    id: Mapped[int] = mapped_column(primary_key=True)
    date: Mapped[datetime]
    magasin_id: Mapped[int]
    total: Mapped[float]
    lignes: Mapped[list[Line]] = relationship()


class LineIn(BaseModel):
    produit_id: int
    quantite: int


class SaleIn(BaseModel):
    magasin_id: int
    panier: list[LineIn]


app = FastAPI()


def open_session() -> Iterator[Session]:
    with Session(app.state.engine, autoflush=False) as session:
        yield session


@app.post("/api/ventes/", status_code=201)
def post_sale(
    sold: SaleIn,
    session: Annotated[Session, Depends(open_session)],
    x_token: Annotated[str, Header()],
) -> dict[str, str | int | float]:
    """Check each level, then decrement it, then commit."""
    if x_token != app.state.token:
        raise HTTPException(401)
    sale = Sale(date=datetime.now(UTC), magasin_id=sold.magasin_id, total=0)
    session.add(sale)
    for line in sold.panier:
        product = session.get_one(Product, line.produit_id)
        of_product = select(Level).filter_by(magasin_id=sold.magasin_id, produit_id=line.produit_id)
        level = session.scalars(of_product).one()
        if level.quantite < line.quantite:
            raise HTTPException(400, "Stock insuffisant")
        level.quantite -= line.quantite
        amount = product.prix * line.quantite
        sale.total += amount
        sale.lignes.append(Line(produit_id=product.id, quantite=line.quantite, sous_total=amount))
    session.commit()
    return {"message": "Vente enregistrée", "vente_id": sale.id, "total": sale.total}


if __name__ == "__main__":
    # As many connections as the default allows; a meter would miss those that are opened later.
    app.state.engine = create_engine(os.environ["DATABASE_URL"], pool_size=15, max_overflow=0)
    app.state.token = os.environ["TOKEN"]
    with suppress(KeyboardInterrupt):
        uvicorn.run(app, port=int(os.environ["HTTP_PORT"]), access_log=False, log_level="warning")
