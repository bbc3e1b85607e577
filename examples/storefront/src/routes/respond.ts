import type { Request, Response } from "express";
import { type PageContent, type PageContext, renderPage } from "../pages/layout.ts";
import { openSession, pageContext, type ShopSession, type Storefront } from "../storefront.ts";

/** A request with its response and session. */
export interface PageRequest {
  readonly shop: Storefront;
  readonly request: Request;
  readonly response: Response;
  readonly session: ShopSession;
}

/** Handles a request whose session is loaded. */
export type Handler = (pageRequest: PageRequest) => Promise<unknown>;

/** Loads the session, then calls the handler. Express 5 passes a rejected promise to the error middleware. */
export function withSession(shop: Storefront, handler: Handler) {
  return async (request: Request, response: Response): Promise<void> => {
    await handler({ shop, request, response, session: await openSession(request) });
  };
}

/** Sends a page. The content may depend on the {@link PageContext}. */
export async function sendPage(
  { shop, request, response, session }: PageRequest,
  content: PageContent | ((context: PageContext) => PageContent),
): Promise<void> {
  const context = await pageContext(shop, request, session);
  response.type("html").send(renderPage(context, typeof content === "function" ? content(context) : content));
}

/** Redirects the browser to a page with `GET`, so that reloading the page does not submit a form again. */
export function redirect({ response }: PageRequest, path: string): void {
  response.redirect(303, path);
}

/** Returns a field of a form; an empty string if it is missing. */
export function formField({ body }: Pick<Request, "body">, name: string, max = 254): string {
  const value: unknown = typeof body === "object" && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === "string" ? value.trim().slice(0, max) : "";
}

/** Returns a query parameter; an empty string if it is missing. */
export function queryOf({ query }: Request, name: string, max: number): string {
  const value = query[name];
  return typeof value === "string" ? value.trim().slice(0, max) : "";
}

/** Returns the path to open after a login: `text`, or `/` if `text` is not a path of this site. */
export function pathAfterLogin(text: string): string {
  const site = "http://this.site";
  const url = URL.parse(text, site);
  return text.startsWith("/") && url?.origin === site ? url.pathname + url.search : "/";
}

/** Redirects a visitor to the login page. The login redirects back to `path`. */
export function redirectToLogin(pageRequest: PageRequest, path: string): void {
  redirect(pageRequest, `/login?next=${encodeURIComponent(path)}`);
}
