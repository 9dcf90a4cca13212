-- The report's levels and counters of the sales in `seed`, as the consumer would have counted them.
-- The consumer takes minutes for millions of sales. No report reads the facts, so there are none.
SET timezone = 'UTC';
SET work_mem = '512MB';

INSERT INTO stock_levels SELECT magasin_id, produit_id, quantite, 1 FROM seed.stocks;

INSERT INTO store_days (business_date, store_id, sales_count, units, amount_cents, tax_cents)
SELECT date, magasin_id, count(*), sum(q1 + q2 + q3), sum(total), sum(total * 15 / 100)
FROM seed.paniers GROUP BY date, magasin_id;

INSERT INTO store_months (month, store_id, sales_count, units, amount_cents, tax_cents)
SELECT date_trunc('month', business_date)::date, store_id, sum(sales_count), sum(units),
    sum(amount_cents), sum(tax_cents)
FROM store_days GROUP BY 1, 2;

INSERT INTO store_totals (store_id, sales_count, units, amount_cents, tax_cents)
SELECT store_id, sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents)
FROM store_days GROUP BY 1;

INSERT INTO chain_days (business_date, stripe, sales_count, units, amount_cents, tax_cents)
SELECT business_date, store_id % $partitions, sum(sales_count), sum(units), sum(amount_cents),
    sum(tax_cents)
FROM store_days GROUP BY 1, 2;

INSERT INTO product_days (business_date, product_id, receipts, units, amount_cents)
SELECT date, product_id, count(*) FILTER (WHERE is_first), sum(quantity), sum(amount_cents)
FROM seed.lignes_paniers GROUP BY 1, 2;

INSERT INTO product_months (month, product_id, receipts, units, amount_cents)
SELECT date_trunc('month', business_date)::date, product_id, sum(receipts), sum(units),
    sum(amount_cents)
FROM product_days GROUP BY 1, 2;

INSERT INTO product_totals (product_id, receipts, units, amount_cents, last_name, last_category,
    last_sold_at)
SELECT product_id, sum(receipts), sum(units), sum(amount_cents), 'Produit ' || product_id,
    'Rayon ' || product_id % 20, max(business_date) + time '12:00' AT TIME ZONE 'UTC'
FROM product_days GROUP BY product_id;
