-- The original's consolidated report: stores, best sellers, days, stock-outs and overstocks.
SELECT m.id, m.nom, count(*) AS nombre, sum(v.total_cents) AS total
FROM seed.ventes AS v JOIN seed.magasins AS m ON m.id = v.magasin_id
WHERE v.date BETWEEN '$first' AND '$last' GROUP BY m.id, m.nom ORDER BY m.id;

SELECT p.id, p.nom, p.categorie, sum(l.quantite) AS quantite, sum(l.montant_cents) AS total
FROM seed.lignes_vente AS l JOIN seed.ventes AS v ON v.id = l.vente_id
JOIN seed.produits AS p ON p.id = l.produit_id
WHERE v.date BETWEEN '$first' AND '$last'
GROUP BY p.id, p.nom, p.categorie ORDER BY quantite DESC, p.id LIMIT 10;

SELECT v.date, sum(v.total_cents) AS total FROM seed.ventes AS v
WHERE v.date BETWEEN '$first' AND '$last' GROUP BY v.date ORDER BY v.date DESC LIMIT 366;

SELECT p.id, p.nom, s.quantite, m.id, m.nom
FROM seed.stocks AS s JOIN seed.produits AS p ON p.id = s.produit_id
JOIN seed.magasins AS m ON m.id = s.magasin_id WHERE s.quantite <= 0 LIMIT 100;

SELECT p.id, p.nom, s.quantite, m.id, m.nom
FROM seed.stocks AS s JOIN seed.produits AS p ON p.id = s.produit_id
JOIN seed.magasins AS m ON m.id = s.magasin_id WHERE s.quantite > 50 LIMIT 100
