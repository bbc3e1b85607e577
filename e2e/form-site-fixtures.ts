import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { SessionManager } from "coatcheck";
import type { HttpOptions, RequestSession } from "coatcheck/http";
import { coatcheck } from "coatcheck/node";
import { memoryStore } from "coatcheck/store/memory";
import type { Page } from "playwright-core";
import { startLocalServer } from "./local-server.ts";
import { HTML_HEADERS, renderHtml } from "./page-fixtures.ts";
import { startTlsProxy } from "./tls-proxy-fixtures.ts";

interface FormSiteData {
  readonly cart?: Readonly<Record<string, number>>;
}

type SiteRequest = IncomingMessage & { readonly session: RequestSession<FormSiteData> };
type Handler = (request: SiteRequest, response: ServerResponse, form: URLSearchParams) => Promise<void>;

/** The name of the session's cookie. */
export const COOKIE_NAME = "__Host-sid";

const renderForm = (action: string, button: string, fields = "") =>
  `<form method="post" action="${action}">${fields}<button>${button}</button></form>`;
const loginField = '<input name="user" value="ada">';

const sendPage = (response: ServerResponse, body: string) =>
  response.writeHead(200, HTML_HEADERS).end(renderHtml(body));
const redirectHome = (response: ServerResponse) => response.writeHead(303, { location: "/" }).end();

/** Renders the first line of each page: the user and the cart. */
async function renderSummary({ session }: SiteRequest): Promise<string> {
  const { subject, data } = await session.load();
  return `<h1>${subject ?? "anonymous"}: ${Object.keys(data.cart ?? {}).sort()}</h1>`;
}

async function addToCart(request: SiteRequest, response: ServerResponse, item: string): Promise<void> {
  const session = await request.session.load();
  await session.patch({ cart: { [item]: 1 } });
  redirectHome(response);
}

async function logIn(request: SiteRequest, response: ServerResponse, fields: URLSearchParams): Promise<void> {
  const session = await request.session.load();
  const rememberMe = fields.has("remember") ? { rememberMe: fields.get("remember") === "yes" } : {};
  await session.authenticate(fields.get("user") ?? "", rememberMe);
  redirectHome(response);
}

/** The handlers of the shop's pages and forms. Only the page with the recipe of docs/http.md contains a script. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  "GET /": async (request, response) =>
    void sendPage(
      response,
      (await renderSummary(request)) +
        renderForm("/login", "Log in", loginField) +
        renderForm("/login", "Log in for now", `${loginField}<input name="remember" value="no">`) +
        renderForm("/cart", "Add salsa", '<input type="hidden" name="item" value="salsa">') +
        renderForm("/logout", "Log out"),
    ),
  "GET /orders": async (request, response) =>
    void sendPage(
      response,
      `${await renderSummary(request)}<p>${(await request.session.load()).subject ? "Order 1234, to Ada Street 1" : "Log in first."}</p>`,
    ),
  "GET /add": (request, response) => addToCart(request, response, "salsa"),
  "POST /cart": (request, response, fields) => addToCart(request, response, fields.get("item") ?? ""),
  "POST /login": logIn,
  "POST /logout": async (request, response) => {
    await (await request.session.load()).revoke();
    redirectHome(response);
  },
  // The path that a form of a login provider posts to.
  "POST /provider-login": logIn,
  "POST /provider-note": (request, response) => addToCart(request, response, "note"),
  "POST /provider-repost": async (request, response, fields) => {
    const session = await request.session.load();
    if (session.refusal !== "withheld") return await logIn(request, response, fields);
    const inputs = [...fields].map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
    );
    sendPage(
      response,
      `${renderForm("", "Continue", inputs.join(""))}<script>document.forms[0].submit()</script>`,
    );
  },
};

/** Renders the page of another site. Its link and forms send requests to the shop. */
const renderOtherSite = (shop: string) =>
  renderHtml(
    `<a href="${shop}/add">A link that writes</a>` +
      renderForm(`${shop}/provider-login`, "Log in", loginField) +
      renderForm(`${shop}/provider-repost`, "Log in, with the recipe", loginField) +
      renderForm(`${shop}/provider-note`, "Write"),
  );

/** Starts a shop of plain HTML forms and, under another host name, a site that the shop trusts. Both use https. */
export async function startFormSite(http: HttpOptions = {}) {
  let ahead = 0;
  const manager = new SessionManager<FormSiteData>({
    store: memoryStore(),
    secrets: ["a-secret-of-the-tests"],
    clock: { now: () => Date.now() + ahead },
    merge: (visitor, subject) => ({ ...visitor, cart: { ...subject?.cart, ...visitor.cart } }),
  });
  let serve: (request: IncomingMessage, response: ServerResponse) => void;
  const server = await startLocalServer(async (request, response) => serve(request, response));
  const backend = `http://127.0.0.1:${server.port}`;
  const proxy = await startTlsProxy(backend);
  const [origin, other] = [proxy.originOf("shop.test"), proxy.originOf("login.test")];
  const options: HttpOptions = { trustProxy: 1, csrf: { trustedOrigins: [other] }, ...http };
  const shop = coatcheck(
    manager,
    options,
  )(async (request, response) => {
    const { pathname } = new URL(request.url ?? "", origin);
    const handle = HANDLERS[`${request.method} ${pathname}`];
    if (handle) await handle(request, response, new URLSearchParams(await text(request)));
    else response.writeHead(404).end();
  });
  serve = (request, response) => {
    if (request.headers.host?.startsWith("login.test"))
      response.writeHead(200, HTML_HEADERS).end(renderOtherSite(origin));
    else shop(request, response);
  };
  return {
    origin,
    originOf: proxy.originOf,
    /** The origin of the site that the shop trusts, such as a login provider. */
    otherOrigin: other,
    manager,
    hold: proxy.hold,
    release: proxy.release,
    /** Moves the server's clock forward. */
    advance(milliseconds: number) {
      ahead += milliseconds;
    },
    /**
     * Sends a request without a browser. Returns the status, the first line of the page, and the token in `Set-Cookie`.
     */
    async send(line: string, token?: string, fields: Record<string, string> = {}) {
      const [method = "", path] = line.split(" ");
      const response = await fetch(`${backend}${path}`, {
        method,
        redirect: "manual",
        headers: { host: "shop.test", ...(token && { cookie: `${COOKIE_NAME}=${token}` }) },
        ...(method === "POST" && { body: new URLSearchParams(fields) }),
      });
      const [, summary = ""] = /<h1>(.*)<\/h1>/.exec(await response.text()) ?? [];
      const [, issued] = /^__Host-sid=([\w-]+)/.exec(response.headers.get("set-cookie") ?? "") ?? [];
      return { status: response.status, summary, token: issued };
    },
    async close() {
      proxy.close();
      server.close();
      await manager.close();
    },
  };
}

export type FormSite = Awaited<ReturnType<typeof startFormSite>>;

/** Returns the first line of the page: the user and the cart. */
export const readSummary = (page: Page) => page.textContent("h1");
/** Presses a button or a link without waiting for the response. */
export const clickWithoutWaiting = (page: Page, button: string) =>
  page.click(`text="${button}"`, { noWaitAfter: true });
/** Presses a button or a link, and waits until the browser shows the response. Returns the response's status. */
export async function clickAndWait(page: Page, button: string): Promise<number | undefined> {
  const [response] = await Promise.all([page.waitForNavigation(), clickWithoutWaiting(page, button)]);
  return response?.status();
}
