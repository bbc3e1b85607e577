/* The type check compiles this file; no test runs it. The line below each `@ts-expect-error` must not compile. */

import { sessionOf } from "../../src/http/session-of.ts";
import { type AuthenticatedSession, SessionManager } from "../../src/index.ts";
import { memoryStore } from "../../src/store/memory.ts";

interface Data {
  theme?: string;
}

const manager = new SessionManager<Data>({ store: memoryStore(), secrets: ["a secret for these tests"] });
declare const request: object;

export async function callRequireSubject(): Promise<string> {
  const session = await sessionOf<Data>(request).requireSubject();
  await manager.list({ subject: session.subject }, { limit: 10 });
  await manager.revoke({ subject: session.subject, except: session.id });
  session.data.theme = "dark";
  return (session.record.id + session.subject) satisfies string;
}

export async function callRequireElevated(): Promise<AuthenticatedSession<Data>> {
  const session = await sessionOf<Data>(request).requireElevated("payment");
  return session.subject === "" ? await sessionOf<Data>(request).requireSubject() : session;
}

export async function callRequireSession(): Promise<number> {
  const session = await sessionOf<Data>(request).requireSession();
  // @ts-expect-error: a stored session may be anonymous
  await manager.list({ subject: session.subject }, { limit: 10 });
  return session.record.version;
}

export async function callLoad(): Promise<void> {
  const session = await sessionOf<Data>(request).load();
  // @ts-expect-error: the session may be anonymous
  await manager.list({ subject: session.subject }, { limit: 10 });
  // @ts-expect-error: an undefined subject would list everyone's sessions
  await manager.list({ subject: session.subject ?? undefined }, { limit: 10 });
  // @ts-expect-error: an undefined subject would end everyone's sessions
  await manager.revoke({ subject: session.subject ?? undefined });
  // @ts-expect-error: the session may be new, so that it has no record
  session.record.id;
  // @ts-expect-error: the argument for the page is missing
  await manager.list({});
  // @ts-expect-error: the scope is empty
  await manager.revoke({});
}

export async function assignValues(): Promise<void> {
  const handle = sessionOf<Data>(request);
  const session = await handle.load();
  // @ts-expect-error: only `session.data` can contain values of the application
  handle.userId = 7;
  // @ts-expect-error: only `session.data` can contain values of the application
  session.userId = 7;
  // @ts-expect-error: the members of `data` can be assigned, but not `data` itself
  session.data = {};
}
