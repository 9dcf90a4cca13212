-- A store's stock, added up from its movements.
SELECT p.id, p.name AS nom, p.category AS categorie, sum(m.delta) AS quantite_stock,
    p.unit_price AS prix, m.store_id AS magasin_id
FROM movements AS m JOIN products AS p ON p.id = m.product_id
WHERE m.store_id = $large_store GROUP BY p.id, m.store_id ORDER BY p.id
