import type { JsonObject } from "../../session/json.ts";
import { toPlainCopy } from "../../session/plain-session.ts";
import type { Session } from "../../session/session.ts";
import { UsageError } from "../../session/usage-error.ts";

/**
 * The readable properties of a session, for server components. It has no methods that write, because a page cannot
 * change the response headers.
 */
export interface PageSession<Data = JsonObject>
  extends Pick<
    Session<Data>,
    | "id"
    | "type"
    | "subject"
    | "tenant"
    | "isNew"
    | "refusal"
    | "assurance"
    | "isElevated"
    | "requireElevated"
    | "needsProof"
    | "actor"
    | "impersonation"
    | "forbidWhileImpersonating"
  > {
  /** The application's data, frozen. */
  readonly data: Data;
}

/** The session of a page whose visitor is logged in. */
export type PageLogin<Data = JsonObject> = PageSession<Data> & { readonly subject: string };

/** The methods of a session that write. */
const WRITING_SESSION_METHODS = [
  "authenticate",
  "elevate",
  "flash",
  "impersonate",
  "patch",
  "revoke",
  "revokeOthers",
  "rotate",
  "save",
  "stopImpersonating",
  "takeFlash",
  "update",
] as const satisfies readonly (keyof Session)[];

/**
 * Wraps a session for server components. A write throws, also in JavaScript, because the response may already be sent,
 * so the change would reach neither the cookie nor the page.
 */
export function pageSession<Data>(session: Session<Data>): PageSession<Data> {
  const { id, type, subject, tenant, isNew, refusal, assurance, needsProof, actor, impersonation } = session;
  const data = createReadOnlyView(toPlainCopy(session.toJSON().data), "data") as Data;
  const refuse = Object.fromEntries(
    WRITING_SESSION_METHODS.map((name) => [name, () => throwWriteError(`${name}()`)]),
  );
  return Object.freeze({
    ...refuse,
    id,
    type,
    subject,
    tenant,
    isNew,
    refusal,
    assurance,
    needsProof,
    actor,
    impersonation,
    data,
    isElevated: (scope: string) => session.isElevated(scope),
    requireElevated: (scope: string) => session.requireElevated(scope),
    forbidWhileImpersonating: (action: string) => session.forbidWhileImpersonating(action),
  });
}

/** Returns a read-only proxy of plain data. An assignment throws an error that names the property. */
function createReadOnlyView(value: unknown, path: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  for (const [name, inner] of Object.entries(value))
    Reflect.set(value, name, createReadOnlyView(inner, `${path}.${name}`));
  const refuse = (_target: object, name: string | symbol) => throwWriteError(`${path}.${String(name)}`);
  return new Proxy(value, { set: refuse, defineProperty: refuse, deleteProperty: refuse });
}

function throwWriteError(path: string): never {
  const message =
    "must not be used in a server component: change the session in withSessionAction or withServerSession";
  throw new UsageError(`Invalid write to a session: ${path} ${message}.`, [{ path, message }]);
}
