/* Compiled by the type check, never run: what must and what must not compile. */
import type { ClientState, SessionClient } from "../../src/client/index.ts";

interface User {
  readonly email: string;
}

export function narrows(state: ClientState<User>): string {
  // @ts-expect-error: nobody may be there
  state.user.email;
  // @ts-expect-error: there may be no session
  state.session.id;
  switch (state.status) {
    case "pending":
      // @ts-expect-error: nobody has answered yet, so there is no reason for an end
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

export function closed(state: ClientState<User>): boolean {
  // @ts-expect-error: there is no such status
  return state.status === "loading";
}

export async function calls(client: SessionClient<User>): Promise<void> {
  await client.createSession("ada@example.com", "secret");
  await client.createSession({ credentials: { code: "123456" }, metadata: { campaign: "summer" } });
  // @ts-expect-error: an address needs a password
  await client.createSession("ada@example.com");
  // @ts-expect-error: the state is the server's word; nobody sets it
  client.$session.set({ status: "none", session: null, user: null });
  // @ts-expect-error: metadata is JSON
  await client.createSession({ credentials: {}, metadata: { when: new Date() } });
}
