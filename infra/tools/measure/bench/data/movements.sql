-- Levels and movements as so many sales of three lines leave them, and one store of twenty products.
-- Lines go round stores and products, so all levels move alike.

-- Nothing here has to survive a crash.
SET synchronous_commit = off;

INSERT INTO stores
VALUES ($small_store, 1, 'Magasin', 'Montréal', 'store', 'permissive', true);
INSERT INTO stock_levels (store_id, product_id, on_hand, version)
SELECT $small_store, n, n, 1 FROM generate_series(1, 20) AS n;

-- Line `n` changes the level of store 1 + n % stores and product 1 + n / stores % products.
INSERT INTO stock_levels (store_id, product_id, on_hand, version)
SELECT 1 + n % $stores, product_id, 1 + product_id * 7 % 50,
    1 + ($sales::bigint * 3 + $stores * $products - 1 - n) / ($stores * $products)
FROM generate_series(0, $stores * $products - 1) AS n,
    LATERAL (SELECT 1 + n / $stores % $products AS product_id) AS p
ORDER BY 1, 2;
ANALYZE stock_levels;

INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind, document_id,
    occurred_at)
SELECT store_id, product_id, on_hand + version - 1, on_hand + version - 1, 1, 'reception',
    gen_random_uuid(), now() - interval '1 year'
FROM stock_levels;

INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind, document_id,
    occurred_at)
SELECT store_id, product_id, -1, on_hand + version - 2 - n / ($stores * $products),
    2 + n / ($stores * $products), 'sale', gen_random_uuid(),
    now() - (1 - n::float8 / ($sales::bigint * 3)) * interval '1 year'
FROM generate_series(0, $sales::bigint * 3 - 1) AS n
JOIN stock_levels
    ON store_id = 1 + n % $stores AND product_id = 1 + n / $stores % $products;
