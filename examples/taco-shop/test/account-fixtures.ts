import type { Account } from "../src/accounts/accounts.ts";
import type { RecordedResponse, Visitor } from "./shop-fixtures.ts";

export const PASSWORD = "correct horse battery";
/** The path of the session endpoints. */
export const SESSION = "/api/auth/session-v2";

/** The fields of a session view that the tests read. */
export interface View {
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
export interface AuthResponse<Data = View> {
  readonly status: number;
  readonly headers: Headers;
  readonly view: Data;
  readonly error?: RecordedResponse["body"]["error"];
}

/** Sends a request to the session endpoints as this browser. */
export async function auth<Data = View>(
  visitor: Visitor,
  method: string,
  path = "",
  body?: unknown,
): Promise<AuthResponse<Data>> {
  const { response, answer } = await visitor.ask(method, `${SESSION}${path}`, body);
  const { data, error } = answer as { data: Data; error?: RecordedResponse["body"]["error"] };
  return { status: response.status, headers: response.headers, view: data, ...(error && { error }) };
}

/** Creates an account. The visitor is not logged in afterwards. */
export async function signUp(visitor: Visitor, email: string, name = "Alice"): Promise<void> {
  const { status, body } = await visitor.post("/accounts", { email, password: PASSWORD, name });
  if (status !== 201) throw new Error(`Could not create the account: ${JSON.stringify(body)}`);
}

/** Logs the browser in. */
export async function logIn(visitor: Visitor, email: string): Promise<View> {
  const { status, view, error } = await auth(visitor, "POST", "", { email, password: PASSWORD });
  if (status !== 200) throw new Error(`Could not log in: ${JSON.stringify(error)}`);
  return view;
}

/** The paths of the orders that the browser lists, with its roles. */
export async function listed(visitor: Visitor): Promise<[string, string][]> {
  const { sessions } = (await visitor.get("/sessions/mine")).body.data;
  return sessions.map(({ sessionId, role }) => [`/sessions/${sessionId}`, role]);
}
