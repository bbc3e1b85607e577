/** Programs that must not compile: each line under an `@ts-expect-error` is a cookie that a browser drops or that opens a hole. */
import { Cookie, type CookieOptions } from "../../src/http/cookie.ts";

export const allowed: CookieOptions[] = [
  {},
  { name: "shop", sameSite: "none", partitioned: true },
  { prefix: "__Host-", path: "/" },
  { prefix: "__Secure-", domain: "example.com", path: "/shop" },
  { prefix: "", name: "session_id" },
  { secure: false },
  { secure: false, sameSite: "strict", domain: "localhost" },
];

// @ts-expect-error __Host- is bound to one host
new Cookie({ prefix: "__Host-", domain: "example.com" });
// @ts-expect-error __Host- is the default prefix
new Cookie({ domain: "example.com" });
// @ts-expect-error __Host- is bound to the whole site
new Cookie({ prefix: "__Host-", path: "/shop" });
// @ts-expect-error __Host- needs Secure
new Cookie({ prefix: "__Host-", secure: false });
// @ts-expect-error __Secure- needs Secure
new Cookie({ prefix: "__Secure-", secure: false });
// @ts-expect-error SameSite=None needs Secure
new Cookie({ secure: false, sameSite: "none" });
// @ts-expect-error Partitioned needs Secure
new Cookie({ secure: false, partitioned: true });
// @ts-expect-error no other prefix exists
new Cookie({ prefix: "__Shop-" });
// @ts-expect-error no other value exists
new Cookie({ sameSite: "Lax; Domain=evil.example" });
// @ts-expect-error whether scripts may read the cookie is not the application's to say
new Cookie({ httpOnly: false });
