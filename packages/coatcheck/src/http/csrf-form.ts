import type { MaybePromise } from "../session/maybe-promise.ts";
import { andThen } from "../session/maybe-promise.ts";
import type { HttpRequest } from "./message.ts";

/** Returns the fields of the request's body; undefined if the framework has not parsed the body. */
export type ReadParsedForm = () => MaybePromise<unknown>;

const CSRF_FORM_FIELD = "csrf_token";

/** The media types of HTML forms whose fields a body parser returns as an object. */
const FORM_TYPE_PATTERN = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i;

/** What a request sent as its CSRF token. */
export interface SentCsrfToken {
  /** The header `x-csrf-token`, else the form field `csrf_token`; undefined without both. */
  readonly token: string | undefined;
  /** Whether the request is a form without any parsed field: probably no body parser has read it yet. */
  readonly isUnparsedForm: boolean;
}

/** Returns the CSRF token of a request. */
export function csrfTokenOf(request: HttpRequest, form?: ReadParsedForm): MaybePromise<SentCsrfToken> {
  const header = request.header("x-csrf-token");
  if (header !== undefined || form === undefined) return { token: header, isUnparsedForm: false };
  return andThen(form(), (body) => readField(request, body));
}

function readField(request: HttpRequest, body: unknown): SentCsrfToken {
  // In Express 4, a body parser that does not read this media type, such as `express.json()`, sets `body` to an empty
  // object.
  if (typeof body !== "object" || body === null || Object.keys(body).length === 0)
    return { token: undefined, isUnparsedForm: FORM_TYPE_PATTERN.test(request.header("content-type") ?? "") };
  const token: unknown = Object.hasOwn(body, CSRF_FORM_FIELD)
    ? Reflect.get(body, CSRF_FORM_FIELD)
    : undefined;
  return { token: typeof token === "string" ? token : undefined, isUnparsedForm: false };
}
