-- The original's report by store.
SELECT m.id, m.nom, count(*) AS nombre, sum(v.total_cents) AS total
FROM seed.ventes AS v JOIN seed.magasins AS m ON m.id = v.magasin_id
WHERE v.date BETWEEN '$first' AND '$last' GROUP BY m.id, m.nom ORDER BY m.id
