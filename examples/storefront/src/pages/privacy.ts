import { type Html, html } from "../html.ts";
import { type PageContext, renderMeasuringChoice } from "./layout.ts";

/** Renders the page that explains what the shop collects and how to opt out. */
export function privacyPage(measuring: PageContext["measuring"]): Html {
  return html`<div class="narrow"><h1>Privacy</h1>
<p>We measure which pages and products bring people to an order. We do it ourselves: no other company gets your data, and no script of another site runs here.</p>
<h2>Your choice</h2>
${renderMeasuringChoice(measuring)}
<p>After you opt out, nothing about your visit is stored. We only count that a page was requested. The shop works in the same way.</p>
<h2>What we store</h2>
<dl class="stack">
<div><dt>Cookie <code>session</code></dt><dd>Holds your cart and your login. The shop needs it. It ends with the session, after a day without a visit.</dd></div>
<div><dt>Cookie <code>visitor_id</code></dt><dd>A random number that tells visits of one browser from those of another. It ends 13 months after your first page and is never renewed. Scripts cannot read it.</dd></div>
<div><dt>Cookie <code>visitor_optout</code></dt><dd>Exists only after you opt out, and holds that choice.</dd></div>
<div><dt>Each visit</dt><dd>Pages, products seen, searches, cart and order; the site that you came from; browser, system and kind of device. The visit carries your customer number while you are logged in.</dd></div>
</dl>
<h2>Your data</h2>
<p>In <a href="/account">your account</a> you can see your visits, export everything as a file, and erase it.</p>
<p>A browser that sends Global Privacy Control is never measured.</p></div>`;
}

/** Renders an error page. */
export function errorPage(status: number, message: string): Html {
  const heading = status === 404 ? "This hook is empty" : "That did not work";
  return html`<div class="narrow"><h1>${heading}</h1><p>${message}</p><p><a class="button" href="/">To the shop</a></p></div>`;
}
