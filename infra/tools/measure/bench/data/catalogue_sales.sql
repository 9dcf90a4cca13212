-- The stores, products and number sequences of the sales database.
INSERT INTO stores (id, name, address, city, kind, timezone, cutoff_hour, currency, stock_policy, taxes)
SELECT n, 'Magasin ' || n, '1, rue Principale', 'Montréal', 'store', 'America/Toronto', 4, 'CAD',
    CASE WHEN n < $strict_from THEN 'permissive' ELSE 'strict' END,
    '[{"code": "TPS", "rate": "0.05"}, {"code": "TVQ", "rate": "0.09975"}]'
FROM generate_series(1, $stores) AS n;

INSERT INTO products (id, sku, name, description, category, unit_price)
SELECT n, 'P' || n, 'Produit ' || n, '', 'Rayon ' || n % 20, 1 + n % 50
FROM generate_series(1, $products) AS n;

SELECT create_sale_number_sequence(n) FROM generate_series(1, $stores) AS n;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO sales;
