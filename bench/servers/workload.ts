/**
 * Number of logged-in sessions per server. Every server has the same workload: GET requests that each read one session.
 */
export const SESSION_COUNT = 10_000;

/** Returns the data of one session: about 1 KB of JSON. */
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

/** Returns the response body. It proves that the handler knows the user and has read the session data. */
export function responseBody(subject: string | null | undefined, name: string | undefined) {
  return { subject, name };
}

/** A measured server that listens on a port. */
export interface ServerUnderTest {
  readonly port: number;
  /** The `Cookie` header of each session. Default: `logIn` requests them over HTTP. */
  readonly cookies?: readonly string[];
}

/** The secret with which every server signs its cookies. */
export const COOKIE_SECRET = "a secret that is long enough for every library in this comparison";

/**
 * Number of concurrent logins. With 50 in a new process, V8's first garbage collection finds most requests still in
 * progress and treats their memory as long-lived. In one of three processes, every later request then takes 50 %
 * longer. The logins of real users are spread over hours.
 */
const CONCURRENT_LOGINS = 4;

/**
 * Logs in every user over HTTP, as browsers do, and returns the cookies. Do not call this in the server's process,
 * because a process that has sent HTTP requests handles its own requests more slowly afterwards.
 */
export async function logIn(port: number): Promise<string[]> {
  const cookies: string[] = [];
  for (let first = 0; first < SESSION_COUNT; first += CONCURRENT_LOGINS) {
    const logins = Array.from(
      { length: Math.min(CONCURRENT_LOGINS, SESSION_COUNT - first) },
      async (_, offset) => {
        const index = first + offset;
        const response = await fetch(`http://127.0.0.1:${port}/login/${index}`, { method: "POST" });
        await response.arrayBuffer();
        cookies[index] = response.headers
          .getSetCookie()
          .map((cookie) => cookie.split(";", 1)[0])
          .join("; ");
      },
    );
    await Promise.all(logins);
  }
  return cookies;
}
