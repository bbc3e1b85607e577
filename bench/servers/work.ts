/** The same work for every server: 10,000 logged-in sessions of 1 KB, and a GET that reads one. */
export const SESSIONS = 10_000;

/** What each session holds: about 1 KB of JSON. */
export function sessionData(index: number) {
  return {
    name: `User ${index}`,
    theme: "dark",
    cart: Array.from({ length: 12 }, (_, item) => ({
      sku: `sku-${index}-${item}`,
      quantity: item,
      price: 1290,
    })),
    recent: Array.from({ length: 14 }, (_, page) => `/products/${index}/${page}`),
  };
}

/** What the handler answers with: proof that it knows who is asking, and has read their data. */
export function answer(subject: string | null | undefined, name: string | undefined) {
  return { subject, name };
}

/** A server under test, listening. */
export interface Contestant {
  readonly port: number;
  /** The `Cookie` header of each of its sessions; absent where users log in over HTTP. */
  readonly cookies?: readonly string[];
}

/** The value that `express-session` and `@fastify/session` sign their cookies with, and everybody's secret here. */
export const SECRET = "a secret that is long enough for everybody in this comparison";

/**
 * How many log in at once. With fifty of them in a process that has just started, V8's first garbage collection finds
 * nearly every request still at work, concludes that what requests allocate lives long, and in one process of three each
 * later request takes half as long again, for good. Visitors come over hours.
 */
const LOGINS_AT_ONCE = 4;

/**
 * Logs every user in over HTTP, as browsers would, and keeps the cookies. Not from the server's own process, whose HTTP
 * code would go on being slower for having been a client too.
 */
export async function logIn(port: number): Promise<string[]> {
  const cookies: string[] = [];
  for (let first = 0; first < SESSIONS; first += LOGINS_AT_ONCE) {
    const logins = Array.from({ length: Math.min(LOGINS_AT_ONCE, SESSIONS - first) }, async (_, offset) => {
      const index = first + offset;
      const response = await fetch(`http://127.0.0.1:${port}/login/${index}`, { method: "POST" });
      await response.arrayBuffer();
      cookies[index] = response.headers
        .getSetCookie()
        .map((cookie) => cookie.split(";", 1)[0])
        .join("; ");
    });
    await Promise.all(logins);
  }
  return cookies;
}
