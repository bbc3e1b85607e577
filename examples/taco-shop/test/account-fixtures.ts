import type { Account } from "../src/accounts/accounts.ts";
import type { RecordedResponse, Visitor } from "./shop-fixtures.ts";

export const PASSWORD = "correct horse battery";
/** The path of the session endpoints. */
export const SESSION_PATH = "/api/auth/session-v2";

/** The fields of a session view that the tests read. */
export interface SessionView {
  readonly status: string;
  readonly session: { readonly id: string; readonly subject: string | null } | null;
  readonly user: Account | null;
  readonly csrf_token: string | null;
}

/** The fields of a device that the tests read. */
export interface Device {
  readonly id: string;
  readonly current: boolean;
}

/** A response of the session endpoints. */
export interface AuthResponse<Data = SessionView> {
  readonly status: number;
  readonly headers: Headers;
  readonly view: Data;
  readonly error?: RecordedResponse["body"]["error"];
}

/** Sends a request of this browser to the session endpoints. */
export async function requestAuth<Data = SessionView>(
  visitor: Visitor,
  method: string,
  path = "",
  body?: unknown,
): Promise<AuthResponse<Data>> {
  const { response, answer } = await visitor.sendTo(method, `${SESSION_PATH}${path}`, body);
  const { data, error } = answer as { data: Data; error?: RecordedResponse["body"]["error"] };
  return { status: response.status, headers: response.headers, view: data, ...(error && { error }) };
}

/** Creates an account. The visitor is not logged in afterwards. */
export async function signUp(visitor: Visitor, email: string, name = "Alice"): Promise<void> {
  const { status, body } = await visitor.post("/accounts", { email, password: PASSWORD, name });
  if (status !== 201) throw new Error(`Could not create the account: ${JSON.stringify(body)}`);
}

/** Logs the browser in. Returns its session. */
export async function logIn(visitor: Visitor, email: string): Promise<SessionView> {
  const { status, view, error } = await requestAuth(visitor, "POST", "", { email, password: PASSWORD });
  if (status !== 200) throw new Error(`Could not log in: ${JSON.stringify(error)}`);
  return view;
}

/** Returns path and role of each order in the browser's list. */
export async function listOrders(visitor: Visitor): Promise<[string, string][]> {
  const { sessions } = (await visitor.get("/sessions/mine")).body.data;
  return sessions.map(({ sessionId, role }) => [`/sessions/${sessionId}`, role]);
}
