/** Number of logged-in sessions per server. Every server has the same workload: a GET that reads one of them. */
export const SESSIONS = 10_000;

/** The data of one session: about 1 KB of JSON. */
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

/** The response body: it shows that the handler knows the user and has read the session data. */
export function responseBody(subject: string | null | undefined, name: string | undefined) {
  return { subject, name };
}

/** A listening server under test. */
export interface ServerUnderTest {
  readonly port: number;
  /** The `Cookie` header of each session. Default: users log in over HTTP. */
  readonly cookies?: readonly string[];
}

/** The secret of every server. */
export const SECRET = "a secret that is long enough for every library in this comparison";

/**
 * Number of concurrent logins. With fifty in a new process, V8's first garbage collection finds most requests still in
 * progress and concludes that their allocations live long. In one of three processes every later request then takes half
 * as long again. Real users log in over hours.
 */
const CONCURRENT_LOGINS = 4;

/**
 * Logs in every user over HTTP, like browsers do, and returns their cookies. Call it outside the server's process: a
 * process that has also been an HTTP client serves requests more slowly from then on.
 */
export async function logIn(port: number): Promise<string[]> {
  const cookies: string[] = [];
  for (let first = 0; first < SESSIONS; first += CONCURRENT_LOGINS) {
    const logins = Array.from(
      { length: Math.min(CONCURRENT_LOGINS, SESSIONS - first) },
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
