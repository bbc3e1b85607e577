/* The type check compiles this file; no test runs it. The line below each `@ts-expect-error` must not compile. */
import type { ClientState, SessionClient } from "../../src/client/index.ts";

interface User {
  readonly email: string;
}

export function narrowByStatus(state: ClientState<User>): string {
  // @ts-expect-error: the user may be null
  state.user.email;
  // @ts-expect-error: the session may be null
  state.session.id;
  switch (state.status) {
    case "pending":
      // @ts-expect-error: a pending state has no reason
      return state.reason;
    case "none":
      return state.reason ?? "never signed in";
    case "anonymous":
      // @ts-expect-error: an anonymous session has no user
      state.user.email;
      return state.session.id;
    case "authenticated":
      return state.user.email;
  }
}

export function compareStatus(state: ClientState<User>): boolean {
  // @ts-expect-error: there is no such status
  return state.status === "loading";
}

export async function createSessions(client: SessionClient<User>): Promise<void> {
  await client.createSession("ada@example.com", "secret");
  await client.createSession({ credentials: { code: "123456" }, metadata: { campaign: "summer" } });
  // @ts-expect-error: the password is missing
  await client.createSession("ada@example.com");
  // @ts-expect-error: the store is read-only
  client.$session.set({ status: "none", session: null, user: null });
  // @ts-expect-error: metadata must be JSON
  await client.createSession({ credentials: {}, metadata: { when: new Date() } });
}
