-- $sales sales of one store and day, with payments by two methods, voids and returns; the days before have as many.
INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes, recorded_at,
    business_date, local_hour, currency, register_id, taxes, total_cents, tax_cents, client_id, payments,
    change_cents, void_origin)
SELECT gen_random_uuid(), $store, $store || '-' || lpad(CAST(d * $sales + n AS text), 6, '0'),
    CASE WHEN n % 100 = 0 THEN 'voided' ELSE 'confirmed' END, 'permissive', now(), -300, now(),
    CAST('$day' AS date) - d, 12, 'CAD', 'caisse ' || n % 12,
    '[{"code": "TPS", "rate": "0.05", "amount_cents": 30}, {"code": "TVQ", "rate": "0.09975", "amount_cents": 60}]',
    600, 90, 'bench/till',
    CASE n % 3
        WHEN 0 THEN CAST('[{"method": "cash", "amount_cents": 1000}]' AS jsonb)
        WHEN 1 THEN '[{"method": "debit", "amount_cents": 690}]'
        ELSE '[{"method": "cash", "amount_cents": 190}, {"method": "debit", "amount_cents": 500}]'
    END,
    CASE n % 3 WHEN 0 THEN 310 ELSE 0 END,
    CASE WHEN n % 100 = 0 THEN 'till' END
FROM generate_series(0, $days - 1) AS d, generate_series(1, $sales) AS n;

INSERT INTO returns (id, store_id, number, returned_at, utc_offset_minutes, recorded_at, business_date, local_hour,
    currency, register_id, taxes, total_cents, tax_cents, payments, cash_rounding_cents, client_id)
SELECT gen_random_uuid(), $store, $store || '-R' || lpad(CAST(n AS text), 6, '0'), now(), -300, now(), '$day', 12,
    'CAD', 'caisse ' || n % 12, '[{"code": "TPS", "rate": "0.05", "amount_cents": 5}]', 100, 5,
    '[{"method": "cash", "amount_cents": 105}]', 0, 'bench/till'
FROM generate_series(1, $sales / 50) AS n;

UPDATE stores SET closed_through = CAST('$day' AS date) - 1 WHERE id = $store;
