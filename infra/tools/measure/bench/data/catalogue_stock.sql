-- The same stores and products in the stock database.
INSERT INTO stores
SELECT n, 1, 'Magasin ' || n, 'Montréal', 'store',
    CASE WHEN n < $strict_from THEN 'permissive' ELSE 'strict' END, true
FROM generate_series(1, $stores) AS n;

INSERT INTO products
SELECT n, 1, 'P' || n, 'Produit ' || n, 'Rayon ' || n % 20, 1 + n % 50, true
FROM generate_series(1, $products) AS n;
