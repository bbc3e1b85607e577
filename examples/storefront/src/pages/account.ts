import type { JourneyAnswer, VisitSummary } from "coatcheck/visit/questions";
import type { Customer } from "../customers.ts";
import { type Html, html } from "../html.ts";
import { formatAmount } from "../money.ts";
import type { PlacedOrder } from "../orders.ts";
import { dateOf } from "./checkout.ts";
import { type PageContext, renderMeasuringChoice } from "./layout.ts";

/** The data on the account page. */
export interface AccountContent {
  readonly customer: Customer;
  readonly orders: readonly PlacedOrder[];
  readonly journey: JourneyAnswer;
  readonly measuring: PageContext["measuring"];
}

/** Renders a customer's orders, visits and data. */
export function accountPage({ customer, orders, journey, measuring }: AccountContent): Html {
  return html`<h1>${customer.name}</h1>
<p>Logged in as ${customer.email}.</p>
<form method="post" action="/logout"><button>Log out</button></form>
<section aria-labelledby="orders"><h2 id="orders">Your orders</h2>${orderList(orders)}</section>
<section aria-labelledby="visits"><h2 id="visits">Your visits</h2>${visitList(journey)}${renderMeasuringChoice(measuring)}</section>
<section aria-labelledby="data"><h2 id="data">Your data</h2>
<p>Everything that the shop holds about you, in one file: account, orders, visits and their events.</p>
<p><a class="button" href="/account/export" download>Export my data</a></p>
<p>Or remove it. Account, orders and visits are deleted, and you are logged out on every device.</p>
<form method="post" action="/account/erase" class="fields">
<label class="check"><input type="checkbox" name="sure" value="yes" required>Yes, delete my account and my data</label>
<button class="bad">Erase my data</button></form></section>`;
}

function orderList(orders: readonly PlacedOrder[]): Html {
  if (orders.length === 0) return html`<p>None yet. <a href="/">Look around</a>.</p>`;
  return html`<ul class="plain">${orders.map(
    ({ id, placedAt, total, currency, lines }) =>
      html`<li><span><a href="/orders/${id}">${id}</a><small>${dateOf(placedAt)}, ${lines.length} ${lines.length === 1 ? "line" : "lines"}</small></span> <span>${formatAmount(total, currency)}</span></li>`,
  )}</ul>`;
}

function visitList({ totals, visits }: JourneyAnswer): Html {
  if (totals === null) return html`<p>None are stored.</p>`;
  return html`<p>${totals.visits} ${totals.visits === 1 ? "visit" : "visits"} from ${totals.visitors} ${totals.visitors === 1 ? "browser" : "browsers"}.</p>
<div class="wide" role="region" aria-label="Your visits" tabindex="0"><table>
<thead><tr><th scope="col">Began</th><th scope="col">Came from</th><th scope="col">First page</th><th scope="col" class="number">Pages</th><th scope="col" class="number">Orders</th></tr></thead>
<tbody>${visits.map(visitRow)}</tbody></table></div>`;
}

function visitRow({ startedAt, entry, entryPage, pageViews, orders }: VisitSummary): Html {
  return html`<tr><td>${dateOf(startedAt)}</td><td>${entry.source ?? entry.channel}</td><td>${entryPage}</td><td class="number">${pageViews}</td><td class="number">${orders}</td></tr>`;
}
