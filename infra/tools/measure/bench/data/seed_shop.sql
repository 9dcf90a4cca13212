-- The original's tables, with indexes that it lacked and more stock than a run can sell.
CREATE TABLE produits (id int PRIMARY KEY, nom text NOT NULL, prix float8 NOT NULL);
CREATE TABLE stocks (
    id int PRIMARY KEY, magasin_id int NOT NULL, produit_id int NOT NULL, quantite int NOT NULL,
    UNIQUE (magasin_id, produit_id));
CREATE TABLE ventes (
    id serial PRIMARY KEY, date timestamptz NOT NULL, magasin_id int NOT NULL,
    total float8 NOT NULL);
CREATE TABLE lignes_vente (
    id serial PRIMARY KEY, vente_id int NOT NULL REFERENCES ventes, produit_id int NOT NULL,
    quantite int NOT NULL, sous_total float8 NOT NULL);
CREATE INDEX ON ventes (magasin_id);
CREATE INDEX ON ventes (date);
CREATE INDEX ON lignes_vente (vente_id);
CREATE INDEX ON lignes_vente (produit_id);

INSERT INTO produits
SELECT n, 'Produit ' || n, 1 + n % 50 FROM generate_series(1, $products) AS n;
INSERT INTO stocks
SELECT (s - 1) * $products + p, s, p, 1000000
FROM generate_series(1, $stores) AS s, generate_series(1, $products) AS p;
ANALYZE;
