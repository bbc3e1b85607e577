import type { Account } from "../src/accounts/accounts.ts";
import type { Answer, Visitor } from "./shop-visitor.ts";

export const PASSWORD = "correct horse battery";
/** Where the page asks who it is. */
export const SESSION = "/api/auth/session-v2";

/** What the page may know of its session, as far as the tests look into it. */
export interface View {
  readonly status: string;
  readonly session: { readonly id: string; readonly subject: string | null } | null;
  readonly user: Account | null;
  readonly csrf_token: string | null;
}

/** One of the places where an account is logged in, as far as the tests look into it. */
export interface Device {
  readonly id: string;
  readonly current: boolean;
}

/** An answer of the session endpoints. */
export interface Seen<Data = View> {
  readonly status: number;
  readonly headers: Headers;
  readonly view: Data;
  readonly error?: Answer["body"]["error"];
}

/** Asks the session endpoints, as this browser. */
export async function auth<Data = View>(
  visitor: Visitor,
  method: string,
  path = "",
  body?: unknown,
): Promise<Seen<Data>> {
  const { response, answer } = await visitor.ask(method, `${SESSION}${path}`, body);
  const { data, error } = answer as { data: Data; error?: Answer["body"]["error"] };
  return { status: response.status, headers: response.headers, view: data, ...(error && { error }) };
}

/** Makes an account, from no browser in particular. */
export async function signUp(visitor: Visitor, email: string, name = "Alice"): Promise<void> {
  const { status, body } = await visitor.post("/accounts", { email, password: PASSWORD, name });
  if (status !== 201) throw new Error(`No account: ${JSON.stringify(body)}`);
}

/** Logs the browser in. */
export async function logIn(visitor: Visitor, email: string): Promise<View> {
  const { status, view, error } = await auth(visitor, "POST", "", { email, password: PASSWORD });
  if (status !== 200) throw new Error(`No login: ${JSON.stringify(error)}`);
  return view;
}

/** The ids of the orders that the browser lists, with its roles. */
export async function listed(visitor: Visitor): Promise<[string, string][]> {
  const { sessions } = (await visitor.get("/sessions/mine")).body.data;
  return sessions.map(({ sessionId, role }) => [`/sessions/${sessionId}`, role]);
}
