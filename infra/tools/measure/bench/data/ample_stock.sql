-- More of every product in every store than a run can sell, received once.
INSERT INTO stock_levels (store_id, product_id, on_hand, version)
SELECT s, p, 1000000, 1 FROM generate_series(1, $stores) AS s, generate_series(1, $products) AS p;

INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind, document_id,
    occurred_at)
SELECT store_id, product_id, on_hand, on_hand, version, 'reception', gen_random_uuid(), now()
FROM stock_levels;
