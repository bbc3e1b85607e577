import { KINDS } from "../catalog/products.ts";
import type { Customer } from "../customers.ts";
import { type Html, html, type TemplateValue } from "../html.ts";

/** The data that every page shows. */
export interface PageContext {
  readonly path: string;
  readonly customer: Customer | null;
  /** The number of pieces in the cart. */
  readonly pieces: number;
  /** A flash message of the previous request. */
  readonly notice: string | null;
  /** The id of this page view, for the page's script; null if the page view is not counted. */
  readonly pageId: string | null;
  readonly measuring: "on" | "opted-out" | "refused-by-browser" | "not-a-person";
}

/** The content that differs between pages. */
export interface PageContent {
  readonly title: string;
  readonly main: Html;
  /** The search words to show in the search field. */
  readonly query?: string;
}

const SHOP_NAME = "Hook & Hanger";

/** Renders a whole HTML document. Pages work without JavaScript. Their only script measures the visit. */
export function renderPage(context: PageContext, { title, main, query = "" }: PageContent): string {
  const { pageId, notice } = context;
  return `<!doctype html>\n${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${pageId !== null && html`<meta name="coatcheck-page" content="${pageId}">`}
<title>${title} · ${SHOP_NAME}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
<script src="/session/visit.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
${renderHeader(context, query)}
<main id="main">
${notice !== null && html`<p class="notice" role="status">${notice}</p>`}
${main}
</main>
${renderFooter(context)}
</body>
</html>`}`;
}

function renderHeader({ path, customer, pieces }: PageContext, query: string): Html {
  return html`<header class="site">
<div class="bar">
<a class="brand" href="/"><svg viewBox="0 0 40 32" aria-hidden="true"><path d="M20 12c0-4 5-3 5-7a5 5 0 0 0-10 0M20 12 3 25c-1 2 0 4 2 4h30c2 0 3-2 2-4z"/></svg><span>${SHOP_NAME}</span></a>
<form class="search" action="/search" role="search"><label class="hidden" for="q">Search the shop</label>
<input id="q" name="q" type="search" maxlength="100" placeholder="Search" value="${query}"><button>Search</button></form>
<nav class="account" aria-label="Your shopping">
${renderLink({ path, href: customer ? "/account" : "/login" }, customer ? customer.name : "Log in")}
${renderLink({ path, href: "/cart" }, html`Cart <span class="count">${pieces}</span><span class="hidden"> pieces</span>`)}
</nav>
</div>
<nav class="kinds" aria-label="Products">
${renderLink({ path, href: "/" }, "All")}
${Object.entries(KINDS).map(([kind, name]) => renderLink({ path, href: `/kinds/${kind}` }, name))}
</nav>
</header>`;
}

function renderLink(
  { path, href }: { readonly path: string; readonly href: string },
  text: TemplateValue,
): Html {
  return html`<a href="${href}"${path === href && html` aria-current="page"`}>${text}</a>`;
}

function renderFooter({ measuring }: PageContext): Html {
  return html`<footer class="site">
<div class="columns">
<section aria-labelledby="measuring"><h2 id="measuring">Measuring visits</h2>${renderMeasuringChoice(measuring)}</section>
<section aria-labelledby="about"><h2 id="about">The shop</h2>
<ul><li><a href="/privacy">Privacy</a></li><li><a href="/figures">Today’s figures</a></li><li><a href="/account">Your account</a></li></ul></section>
<section aria-labelledby="note"><h2 id="note">A demonstration</h2>
<p>Nothing is sold or sent. The shop shows how <strong>Coatcheck</strong> follows a visit from the first page to the order.</p></section>
</div>
</footer>`;
}

/** Renders the information about what is collected, with a button to opt out or in. */
export function renderMeasuringChoice(measuring: PageContext["measuring"]): Html {
  switch (measuring) {
    case "on":
      return html`<p>We count pages and orders on this site, with a cookie of our own.</p>
<form method="post" action="/session/visit/opt-out"><button class="quiet">Do not measure my visits</button></form>`;
    case "opted-out":
      return html`<p>You have opted out: your visits are not measured.</p>
<form method="post" action="/session/visit/opt-in"><button class="quiet">Measure my visits again</button></form>`;
    case "refused-by-browser":
      return html`<p>Your browser asks sites not to measure you (Global Privacy Control). We do not.</p>`;
    case "not-a-person":
      return html`<p>This looks like a program and not like a person. Its requests are only counted.</p>`;
  }
}
