-- The same stores and products in the report database.
INSERT INTO stores
SELECT n, 1, 'Magasin ' || n, 'Montréal', 'store' FROM generate_series(1, $stores) AS n;

INSERT INTO products
SELECT n, 1, 'P' || n, 'Produit ' || n, 'Rayon ' || n % 20 FROM generate_series(1, $products) AS n;
