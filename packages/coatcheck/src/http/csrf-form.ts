import type { MaybePromise } from "../session/session.ts";
import { andThen } from "./maybe-promise.ts";
import type { HttpRequest } from "./message.ts";

/** Returns the fields of the request's body; undefined if the framework has not parsed the body. */
export type ParsedForm = () => MaybePromise<unknown>;

const CSRF_FORM_FIELD = "csrf_token";

/**
 * Returns the CSRF token of a request: the header `x-csrf-token`, else the form field `csrf_token`. Undefined without
 * both.
 */
export function csrfTokenOf(request: HttpRequest, form?: ParsedForm): MaybePromise<string | undefined> {
  const header = request.header("x-csrf-token");
  if (header !== undefined || form === undefined) return header;
  return andThen(form(), csrfFieldOf);
}

function csrfFieldOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, CSRF_FORM_FIELD)) return undefined;
  const token: unknown = Reflect.get(body, CSRF_FORM_FIELD);
  return typeof token === "string" ? token : undefined;
}
