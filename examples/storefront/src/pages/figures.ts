import type { BreakdownAnswer, FunnelAnswer, LiveAnswer, OverviewAnswer } from "coatcheck/visit/questions";
import { DEFINITIONS } from "coatcheck/visit/questions";
import { type Html, html, type TemplateValue } from "../html.ts";
import { formatAmount } from "../money.ts";

/** The results of the queries that the page shows. */
export interface Figures {
  readonly overview: OverviewAnswer;
  readonly live: LiveAnswer;
  readonly funnel: FunnelAnswer;
  readonly channels: BreakdownAnswer;
  readonly pages: BreakdownAnswer;
}

const PERCENT_FORMAT = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const NUMBER_FORMAT = new Intl.NumberFormat("en");

const STEP_LABELS: Readonly<Record<string, string>> = {
  product_view: "Saw a product",
  add_to_cart: "Added to the cart",
  begin_checkout: "Began the checkout",
  order_completed: "Ordered",
};

/** Renders the operator's page with today's figures. */
export function figuresPage({ overview, live, funnel, channels, pages }: Figures): string {
  const { from, timeZone } = overview.range;
  return `<!doctype html>\n${html`<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">
<title>Figures of ${from} · Hook &amp; Hanger</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/style.css"></head>
<body>
<main class="figures">
<p><a href="/">To the shop</a></p>
<h1>Today’s figures</h1>
<p>${from}, ${timeZone}. <a href="/figures">Reload</a></p>
${renderTotals(overview)}
${renderLiveVisitors(live)}
${renderSteps(funnel)}
${renderTable("Channels", channels, "Channel")}
${renderTable("Pages", pages, "Page")}
${renderDocuments(overview)}
</main>
</body>
</html>`}`;
}

function renderTotals({ figures, comparison }: OverviewAnswer): Html {
  const before = comparison?.figures;
  const tiles: readonly (readonly [keyof typeof DEFINITIONS, string, string, string | undefined])[] = [
    ["visitors", "Visitors", formatCount(figures.visitors), before && formatCount(before.visitors)],
    ["visits", "Visits", formatCount(figures.visits), before && formatCount(before.visits)],
    ["pageViews", "Page views", formatCount(figures.pageViews), before && formatCount(before.pageViews)],
    ["engagedRate", "Engaged", formatShare(figures.engagedRate), before && formatShare(before.engagedRate)],
    ["orders", "Orders", formatCount(figures.orders), before && formatCount(before.orders)],
    [
      "conversionRate",
      "Conversion",
      formatShare(figures.conversionRate),
      before && formatShare(before.conversionRate),
    ],
    ["revenue", "Revenue", formatMoney(figures.revenue), before && formatMoney(before.revenue)],
  ];
  return html`<dl class="tiles">${tiles.map(
    ([name, label, now, then]) =>
      html`<div title="${DEFINITIONS[name]}"><dt>${label}</dt><dd>${now}<small>day before: ${then ?? "–"}</small></dd></div>`,
  )}</dl>`;
}

function renderLiveVisitors({ visitors, minutes, pages }: LiveAnswer): Html {
  const most = Math.max(1, ...minutes.map((minute) => minute.visitors));
  const bars = minutes.map(({ visitors }, index) => {
    const height = (visitors / most) * 40;
    return html`<rect x="${index * 10}" y="${40 - height}" width="8" height="${height}"/>`;
  });
  return html`<section aria-labelledby="live"><h2 id="live">${formatCount(visitors)} here now</h2>
<svg class="bars" viewBox="0 0 300 42" role="img" aria-label="Visitors in each of the last 30 minutes: ${minutes.map((minute) => minute.visitors).join(", ")}"><path d="M0 41h300"/>${bars}</svg>
<p class="hint">${DEFINITIONS.liveVisitors} The bars are the last 30 minutes.</p>
${pages.length > 0 && html`<ul class="plain">${pages.map((row) => html`<li><span>${row.value}</span> <span>${formatCount(row.visitors)}</span></li>`)}</ul>`}</section>`;
}

function renderSteps({ steps }: FunnelAnswer): Html {
  return html`<section aria-labelledby="funnel"><h2 id="funnel">From product to order</h2>
<ol class="funnel">${steps.map(
    ({ step, count: visits, shareOfFirst }) =>
      html`<li><span>${STEP_LABELS[step.type] ?? step.type}</span> <meter min="0" max="1" value="${shareOfFirst ?? 0}" aria-hidden="true"></meter> <strong>${formatCount(visits)}</strong> <small>${formatShare(shareOfFirst)}</small></li>`,
  )}</ol></section>`;
}

function renderTable(title: string, { rows }: BreakdownAnswer, column: string): Html {
  const id = title.toLowerCase();
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
<div class="wide" role="region" aria-labelledby="${id}" tabindex="0"><table><thead><tr><th scope="col">${column}</th><th scope="col" class="number">Visits</th><th scope="col" class="number">Page views</th><th scope="col" class="number">Conversion</th></tr></thead>
<tbody>${rows.map(
    ({ value, visits, pageViews, conversionRate }) =>
      html`<tr><th scope="row">${value ?? "(none)"}</th>${[formatCount(visits), formatCount(pageViews), formatShare(conversionRate)].map(renderCell)}</tr>`,
  )}</tbody></table></div></section>`;
}

function renderCell(text: TemplateValue): Html {
  return html`<td class="number">${text}</td>`;
}

function renderDocuments({ documents: counts }: OverviewAnswer): Html {
  const rows = Object.entries(counts).filter(([, number]) => number > 0);
  if (rows.length === 0) return html``;
  return html`<section aria-labelledby="counted"><h2 id="counted">Only counted</h2>
<p class="hint">${DEFINITIONS.documents}</p>
<ul class="plain">${rows.map(([kind, number]) => html`<li><span>${kind}</span> <span>${formatCount(number)}</span></li>`)}</ul></section>`;
}

function formatCount(number: number): string {
  return NUMBER_FORMAT.format(number);
}

function formatShare(part: number | null): string {
  return part === null ? "–" : PERCENT_FORMAT.format(part);
}

function formatMoney(revenue: Readonly<Record<string, number>>): string {
  const amounts = Object.entries(revenue).map(([currency, units]) => formatAmount(units, currency));
  return amounts.length > 0 ? amounts.join(", ") : "–";
}
