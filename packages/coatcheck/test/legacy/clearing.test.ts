import { expect, test } from "vitest";
import { clearingHeaders } from "../../src/legacy/clear-cookies.ts";

test.each([
  ["shop.example.com:8080", ["shop.example.com", "example.com"]],
  ["-shop.example.com", ["example.com"]],
  ["a_shop.example.com", ["example.com"]],
  [`${"x".repeat(64)}.example.com`, ["example.com"]],
  ["10.0.0.1", []],
  ["localhost", []],
])(
  "clearingHeaders() for host %s clears the cookie on the domains %j and on the host itself",
  (host, domains) => {
    const lines = clearingHeaders(["old"], host, false, {});
    expect(lines.map((line) => /Domain=([^;]*)/.exec(line)?.[1])).toEqual([undefined, ...domains]);
  },
);
