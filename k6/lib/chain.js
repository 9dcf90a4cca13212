// Creates the stores and products that scenarios need, where they are missing.
import http from "k6/http";
import { sleep } from "k6";
import { asHeadOffice, SALES, STOCK } from "./system.js";

const PERMISSIVE = ["Charge 1", "Charge 2", "Charge 3", "Charge 4", "Charge 5"];
const STRICT = "Charge, stock strict";
const PRODUCTS = 50;
const UNITS = 1000000;
const PATIENCE_SECONDS = 30;

export function prepareChain() {
  const products = ensureProducts();
  const known = listStores();
  const ensure = (name, policy) => known[name] || openStore(name, policy);
  const permissive = PERMISSIVE.map((name) => ensure(name, "permissive"));
  const strict = ensure(STRICT, "strict");
  receive(strict, products);
  return { permissive, strict, products };
}

const ANY = http.expectedStatuses({ min: 200, max: 599 });

function ask(method, url, body) {
  const request = { ...asHeadOffice("setup"), responseCallback: ANY };
  const deadline = Date.now() + PATIENCE_SECONDS * 1000;
  for (;;) {
    const answer = http.request(method, url, body && JSON.stringify(body), request);
    if (answer.status === 200 || answer.status === 201) {
      return answer;
    }
    // The stock learns of a new store or product by an event, which may arrive later.
    const passes = answer.status === 0 || answer.status >= 500 || isOnItsWay(answer);
    if (!passes || Date.now() > deadline) {
      throw new Error(`${method} ${url}: ${answer.status} ${answer.body || answer.error}`);
    }
    sleep(0.2);
  }
}

function isOnItsWay(answer) {
  return ["magasin-pas-encore-connu", "produit-pas-encore-connu"].includes(answer.json("code"));
}

function ensureProducts() {
  const found = ask("GET", `${SALES}/api/produits/recherche?critere=CHARGE-`).json();
  const known = found.filter(({ sku }) => sku.startsWith("CHARGE-"));
  const skus = Array.from({ length: PRODUCTS }, (_, index) => `CHARGE-${index + 1}`);
  const missing = skus.filter((sku) => !known.some((product) => product.sku === sku));
  if (missing.length === 0) {
    return known.map(({ id }) => id);
  }
  const produits = missing.map((sku, index) => ({
    sku,
    nom: `Article ${sku}`,
    categorie: "Charge",
    prix: 1.25 + index,
  }));
  const added = ask("POST", `${SALES}/api/produits/lots`, { produits }).json("produits");
  return [...known, ...added].map(({ id }) => id);
}

function listStores() {
  const known = {};
  let path = "/api/magasins/?limite=1000";
  while (path) {
    const answer = ask("GET", `${SALES}${path}`);
    answer.json().forEach(({ nom, id }) => (known[nom] = id));
    const next = /<([^>]+)>; rel="next"/.exec(answer.headers.Link || "");
    path = next && next[1];
  }
  return known;
}

function openStore(name, policy) {
  const body = { nom: name, politique_stock: policy, taxes: [] };
  return ask("POST", `${SALES}/api/magasins/`, body).json("id");
}

function receive(store, products) {
  const rows = ask("GET", `${STOCK}/api/magasins/${store}/stock?limite=1000`).json();
  const enough = rows.filter((row) => row.quantite_stock > UNITS / 2).map(({ id }) => id);
  const lines = products
    .filter((id) => !enough.includes(id))
    .map((id) => ({ produit_id: id, quantite: UNITS }));
  if (lines.length > 0) {
    const body = { magasin_id: store, type: "reception", motif: "charge", lignes: lines };
    ask("POST", `${STOCK}/api/stock/mouvements`, body);
  }
}
