/**
 * The statements below each `@ts-expect-error` must not compile, because they create a cookie that is unsafe or that
 * browsers drop.
 */
import { Cookie, type CookieOptions } from "../../src/http/cookie.ts";

export const validOptions: CookieOptions[] = [
  {},
  { name: "shop", sameSite: "none", partitioned: true },
  { prefix: "__Host-", path: "/" },
  { prefix: "__Secure-", domain: "example.com", path: "/shop" },
  { prefix: "", name: "session_id" },
  { secure: false },
  { secure: false, sameSite: "strict", domain: "localhost" },
];

// @ts-expect-error __Host- forbids a domain
new Cookie({ prefix: "__Host-", domain: "example.com" });
// @ts-expect-error the default prefix __Host- forbids a domain
new Cookie({ domain: "example.com" });
// @ts-expect-error __Host- requires the path /
new Cookie({ prefix: "__Host-", path: "/shop" });
// @ts-expect-error __Host- requires Secure
new Cookie({ prefix: "__Host-", secure: false });
// @ts-expect-error __Secure- requires Secure
new Cookie({ prefix: "__Secure-", secure: false });
// @ts-expect-error SameSite=None requires Secure
new Cookie({ secure: false, sameSite: "none" });
// @ts-expect-error Partitioned requires Secure
new Cookie({ secure: false, partitioned: true });
// @ts-expect-error unknown prefix
new Cookie({ prefix: "__Shop-" });
// @ts-expect-error unknown SameSite value
new Cookie({ sameSite: "Lax; Domain=evil.example" });
// @ts-expect-error the application cannot make the session cookie readable by scripts
new Cookie({ httpOnly: false });
