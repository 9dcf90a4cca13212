-- So many sales of three lines within a year up to $last_day. One in 97 was refused, and one in 97
-- has a return, in all stores alike.

-- Nothing here has to survive a crash, and no reference needs a check.
SET synchronous_commit = off;
SET session_replication_role = replica;

CREATE TEMPORARY TABLE made AS
SELECT CAST(lpad(to_hex(CAST(extract(epoch FROM at) * 1000 AS bigint)), 12, '0') || '70008000'
        || lpad(to_hex(n), 12, '0') AS uuid) AS id,
    n, at, 1 + n % $stores AS store_id, lpad(CAST(1 + n / $stores AS text), 6, '0') AS number
FROM generate_series(0, $sales - 1) AS n,
    LATERAL (SELECT CAST('$last_day' AS timestamptz)
        - (1 - CAST(n AS float8) / $sales) * interval '364 days' AS at) AS moment;

INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes,
    recorded_at, business_date, local_hour, currency, register_id, taxes, total_cents, tax_cents,
    client_id)
SELECT id, store_id, store_id || '-' || number,
    CASE WHEN n % 97 = 0 THEN 'rejected' ELSE 'confirmed' END, 'permissive', at, -300, at,
    CAST(at AS date), 12, 'CAD', 'C' || n / $stores % 4,
    '[{"code": "TPS", "rate": "0.05", "amount_cents": 15},
        {"code": "TVQ", "rate": "0.09975", "amount_cents": 30}]', 300, 45, 'bench/till'
FROM made;

INSERT INTO sale_lines (sale_id, line_no, product_id, product_name, category, quantity, unit_price,
    amount_cents, tax_cents, taxes)
SELECT id, line_no, product_id, 'Produit ' || product_id, 'Rayon', 1, 1, 100, 15,
    '[{"code": "TPS", "rate": "0.05", "amount_cents": 5},
        {"code": "TVQ", "rate": "0.09975", "amount_cents": 10}]'
FROM made, generate_series(1, 3) AS line_no,
    LATERAL (SELECT 1 + (n / $stores * 7 + line_no * 613) % $products AS product_id) AS product;

INSERT INTO returns (id, store_id, number, sale_id, sale_number, sale_store_id, returned_at,
    utc_offset_minutes, recorded_at, business_date, local_hour, currency, taxes, total_cents,
    tax_cents, payments, cash_rounding_cents, client_id)
SELECT id, store_id, store_id || '-R' || number, id, store_id || '-' || number, store_id, at, -300,
    at, CAST(at AS date), 12, 'CAD', '[]', 100, 0, '[]', 0, 'bench/till'
FROM made WHERE n % 97 = 1;

INSERT INTO return_lines
SELECT returned.id, 1, 1, sold.product_id, sold.product_name, sold.category, 1, true, 1, 100, 0,
    '[]'
FROM returns AS returned JOIN sale_lines AS sold ON sold.sale_id = returned.id
WHERE sold.line_no = 1;

DROP TABLE made;
RESET session_replication_role;
