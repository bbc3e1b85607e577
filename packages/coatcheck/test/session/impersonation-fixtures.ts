import type { Session } from "../../src/session/session.ts";
import { createFixture, type Data } from "./fixtures.ts";

export const IMPERSONATE_OPTIONS = { reason: "ticket 4711" };

/**
 * Commits the session. Returns the token that the browser then has, which is `before` if the response sets no token.
 */
export async function commitAndReadToken(session: Session<Data>, before: string): Promise<string> {
  return (await session.commit()).token ?? before;
}

/** Logs an administrator in. Returns functions that send requests from the administrator's browser. */
export async function setUpAdministrator(options: Parameters<typeof createFixture>[0] = {}) {
  const fixture = createFixture(options);
  const { manager, open } = fixture;
  const ownSession = await manager.create({ subject: "clerk", tenant: "support", data: { theme: "dark" } });
  const beginImpersonation = async (token = ownSession.token, subject = "ada") => {
    const session = await open(token);
    await session.impersonate(subject, { ...IMPERSONATE_OPTIONS, tenant: "shop" });
    return { session, token: await commitAndReadToken(session, token) };
  };
  /** Returns the session handle of a request with this token, even if the token is refused. */
  const openHandle = async (token: string) => {
    const found = await manager.resume(token);
    return "record" in found ? found : manager.begin(undefined, found);
  };
  const stopImpersonation = async (token: string) => {
    const session = await openHandle(token);
    const hasStopped = await session.stopImpersonating();
    return { hasStopped, session, token: await commitAndReadToken(session, token) };
  };
  return {
    ...fixture,
    own: ownSession,
    begin: beginImpersonation,
    stop: stopImpersonation,
    request: openHandle,
  };
}
