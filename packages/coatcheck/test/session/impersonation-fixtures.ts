import type { Session } from "../../src/session/session.ts";
import { createFixture, type Data } from "./fixtures.ts";

export const IMPERSONATE_OPTIONS = { reason: "ticket 4711" };

/** Returns the browser's token after a response: the new token, or `before` if the response sends none. */
export async function tokenAfter(session: Session<Data>, before: string): Promise<string> {
  return (await session.commit()).token ?? before;
}

/** Logs an administrator in. Returns functions for requests from the administrator's browser. */
export async function setUpAdministrator(options: Parameters<typeof createFixture>[0] = {}) {
  const fixture = createFixture(options);
  const { manager, open } = fixture;
  const own = await manager.create({ subject: "clerk", tenant: "support", data: { theme: "dark" } });
  const begin = async (token = own.token, subject = "ada") => {
    const session = await open(token);
    await session.impersonate(subject, { ...IMPERSONATE_OPTIONS, tenant: "shop" });
    return { session, token: await tokenAfter(session, token) };
  };
  /** Returns the session handle of a request, even if its token is refused. */
  const request = async (token: string) => {
    const found = await manager.resume(token);
    return "record" in found ? found : manager.begin(undefined, found);
  };
  const stop = async (token: string) => {
    const session = await request(token);
    const hasStopped = await session.stopImpersonating();
    return { hasStopped, session, token: await tokenAfter(session, token) };
  };
  return { ...fixture, own, begin, stop, request };
}
