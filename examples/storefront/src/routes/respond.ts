import type { Request, Response } from "express";
import { type PageContent, type PageContext, page } from "../pages/layout.ts";
import { openSession, pageContext, type ShopSession, type Storefront } from "../storefront.ts";

/** A request with its response and session. */
export interface PageRequest {
  readonly shop: Storefront;
  readonly request: Request;
  readonly response: Response;
  readonly session: ShopSession;
}

/** Handles a request with its session. */
export type Handler = (visited: PageRequest) => Promise<unknown>;

/** Opens the session, then calls the handler. Express 5 passes a rejection on to the error middleware. */
export function withSession(shop: Storefront, handler: Handler) {
  return async (request: Request, response: Response): Promise<void> => {
    await handler({ shop, request, response, session: await openSession(request) });
  };
}

/** Sends a page. The content may depend on what every page shows. */
export async function sendPage(
  { shop, request, response, session }: PageRequest,
  content: PageContent | ((context: PageContext) => PageContent),
): Promise<void> {
  const context = await pageContext(shop, request, session);
  response.type("html").send(page(context, typeof content === "function" ? content(context) : content));
}

/** Sends the browser to a page with `GET`, so that reloading that page repeats nothing. */
export function redirect({ response }: PageRequest, path: string): void {
  response.redirect(303, path);
}

/** Reads a field of a form; empty without it. */
export function formField({ body }: Pick<Request, "body">, name: string, max = 254): string {
  const value: unknown = typeof body === "object" && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === "string" ? value.trim().slice(0, max) : "";
}

/** Reads a member of the query; empty without it. */
export function queryOf({ query }: Request, name: string, max: number): string {
  const value = query[name];
  return typeof value === "string" ? value.trim().slice(0, max) : "";
}

/** A path of this site to go to after a login; `/` for anything else, such as the address of another site. */
export function nextPath(text: string): string {
  const site = "http://this.site";
  const url = URL.parse(text, site);
  return text.startsWith("/") && url?.origin === site ? url.pathname + url.search : "/";
}

/** Sends a visitor to the login, and from there back to this path. */
export function redirectToLogin(visited: PageRequest, path: string): void {
  redirect(visited, `/login?next=${encodeURIComponent(path)}`);
}
