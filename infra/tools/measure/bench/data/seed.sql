-- A year of sales of three lines in the tables and with the indexes of the original system.
-- The same number of sales always gives the same sales.

-- Nothing here has to survive a crash.
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';

CREATE SCHEMA seed;
CREATE TABLE seed.magasins (id int PRIMARY KEY, nom text NOT NULL);
CREATE TABLE seed.produits (
    id int PRIMARY KEY, nom text NOT NULL, categorie text NOT NULL, prix_cents int NOT NULL);
CREATE TABLE seed.stocks (
    id int PRIMARY KEY, magasin_id int NOT NULL, produit_id int NOT NULL, quantite int NOT NULL);
CREATE TABLE seed.ventes (
    id int NOT NULL, date date NOT NULL, magasin_id int NOT NULL, total_cents bigint NOT NULL,
    taxes_cents bigint NOT NULL);
CREATE TABLE seed.lignes_vente (
    id bigint NOT NULL, vente_id int NOT NULL, produit_id int NOT NULL, quantite int NOT NULL,
    montant_cents bigint NOT NULL);

INSERT INTO seed.magasins SELECT n, 'Magasin ' || n FROM generate_series(1, $stores) AS n;
INSERT INTO seed.produits
SELECT n, 'Produit ' || n, 'Rayon ' || n % 20, 100 + n * 7919 % 5000
FROM generate_series(1, $products) AS n;
-- A hundred stock-outs and as many overstocks, as the report lists.
INSERT INTO seed.stocks
SELECT (s - 1) * $products + p, s, p,
    CASE WHEN (p * 31 + s) % 800 = 0 THEN 0 WHEN (p * 17 + s) % 800 = 0 THEN 60
        ELSE 1 + (p * 7 + s * 13) % 50 END
FROM generate_series(1, $stores) AS s, generate_series(1, $products) AS p;

-- A basket is a sale of three lines in one row. The powers make few products and the first stores
-- sell most.
CREATE UNLOGGED TABLE seed.paniers (
    id int NOT NULL, date date NOT NULL, magasin_id int NOT NULL,
    p1 int NOT NULL, p2 int NOT NULL, p3 int NOT NULL,
    q1 int NOT NULL, q2 int NOT NULL, q3 int NOT NULL,
    total bigint GENERATED ALWAYS AS (
        q1 * (100 + p1 * 7919 % 5000) + q2 * (100 + p2 * 7919 % 5000)
        + q3 * (100 + p3 * 7919 % 5000)) STORED);
SELECT setseed(0.42);
INSERT INTO seed.paniers
SELECT n, '$first_day'::date + ((n - 1)::bigint * 365 / $sales)::int,
    1 + floor($stores * power(random(), 1.3))::int,
    1 + floor($products * power(random(), 2))::int,
    1 + floor($products * power(random(), 2))::int,
    1 + floor($products * power(random(), 2))::int,
    1 + floor(4 * power(random(), 3))::int,
    1 + floor(4 * power(random(), 3))::int,
    1 + floor(4 * power(random(), 3))::int
FROM generate_series(1, $sales) AS n;

-- `is_first`: a sale counts once for each of its products.
CREATE VIEW seed.lignes_paniers AS
SELECT id, date, magasin_id, total, line_no, product_id, quantity,
    quantity * (100 + product_id * 7919 % 5000) AS amount_cents, is_first
FROM seed.paniers CROSS JOIN LATERAL (VALUES
    (1, p1, q1, true), (2, p2, q2, p2 <> p1), (3, p3, q3, p3 <> p1 AND p3 <> p2)
) AS l(line_no, product_id, quantity, is_first);

INSERT INTO seed.lignes_vente
SELECT id::bigint * 3 + line_no, id, product_id, quantity, amount_cents FROM seed.lignes_paniers;
INSERT INTO seed.ventes
SELECT id, date, magasin_id, total, total * 15 / 100 FROM seed.paniers;

ALTER TABLE seed.ventes ADD PRIMARY KEY (id);
CREATE INDEX ON seed.ventes (magasin_id);
CREATE INDEX ON seed.ventes (date);
ALTER TABLE seed.lignes_vente ADD PRIMARY KEY (id);
CREATE INDEX ON seed.lignes_vente (vente_id);
CREATE INDEX ON seed.lignes_vente (produit_id);
CREATE INDEX ON seed.stocks (magasin_id);
CREATE INDEX ON seed.stocks (produit_id);
ANALYZE;
