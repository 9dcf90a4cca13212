// Head office reads reports, stock levels and products, and changes one. It does not retry a 503.
import http from "k6/http";
import { judge, SHED, verify } from "./answers.js";
import { asHeadOffice, REPORT, SALES, STOCK } from "./system.js";

const isExpected = http.expectedStatuses(200, ...SHED);

function read(name, url, isWhole) {
  const request = { ...asHeadOffice(name), responseCallback: isExpected };
  const answer = judge(http.get(url, request));
  if (!SHED.includes(answer.status)) {
    verify(answer, `${name} is answered`, answer.status === 200);
    verify(answer, `${name} is whole`, answer.status === 200 && isWhole(answer.json()));
  }
}

export function readReport() {
  read("report", `${REPORT}/api/ventes/rapport`, (body) => Array.isArray(body.produits));
}

export function readPeriod() {
  const day = new Date().toISOString().slice(0, 10);
  const range = `date_debut=${day.slice(0, 8)}01&date_fin=${day}`;
  read("period", `${REPORT}/api/rapports/ventes?${range}`, (body) => Array.isArray(body.rapport));
}

export function readPerformance() {
  read("performance", `${REPORT}/api/performance/global`, (body) => body.nombre_ventes >= 0);
}

export function readStock(store) {
  read("stock", `${STOCK}/api/magasins/${store}/stock`, (body) => Array.isArray(body));
}

export function readProducts() {
  read("products", `${SALES}/api/produits/?limite=50`, (body) => body.length > 0);
}

export function changeProduct(id, change) {
  const request = { ...asHeadOffice("change"), responseCallback: isExpected };
  const answer = judge(http.put(`${SALES}/api/produits/${id}`, JSON.stringify(change), request));
  if (!SHED.includes(answer.status)) {
    verify(answer, "change is answered", answer.status === 200);
  }
}
