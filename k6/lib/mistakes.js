// The deliberate errors of the original load test: wrong requests, which get 404 and 422.
import http from "k6/http";
import { judge, SHED, verify } from "./answers.js";
import { asHeadOffice, asTill, SALES, STOCK } from "./system.js";

const NOBODY = 2000000000;

function isRefused(name, answer, expected) {
  judge(answer);
  if (!SHED.includes(answer.status)) {
    verify(answer, `${name} is answered ${expected}`, answer.status === expected);
  }
}

export function askForNothing() {
  const request = { ...asHeadOffice("404"), responseCallback: http.expectedStatuses(404, ...SHED) };
  isRefused("an unknown store", http.get(`${STOCK}/api/magasins/${NOBODY}/stock`, request), 404);
}

export function sellNonsense() {
  const request = { ...asTill("422"), responseCallback: http.expectedStatuses(422, ...SHED) };
  const body = JSON.stringify({ magasin_id: "partout", panier: [] });
  isRefused("a sale of nothing", http.post(`${SALES}/api/ventes/`, body, request), 422);
}
