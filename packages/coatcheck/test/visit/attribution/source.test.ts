import { expect, it } from "vitest";
import { CHANNELS, isDirect, requireHosts, sourceOf } from "../../../src/visit/attribution/index.ts";
import { GOLDEN_CASES } from "./golden.ts";

const of = (query: string, referrer: string | null = null) =>
  sourceOf({
    url: `https://shop.example/tacos${query}`,
    referrer,
    ownHosts: ["www.shop.example:443"],
    ignoredReferrers: ["Partner.example"],
  });

it.each(GOLDEN_CASES)(
  "sourceOf() for the query %j and the referrer %j returns the channel %s",
  (query, referrer, channel, source, medium) => {
    expect(of(query, referrer)).toMatchObject({ channel, source, medium });
  },
);

it("the list GOLDEN contains an example of every channel", () => {
  const seen = new Set(GOLDEN_CASES.map(([, , channel]) => channel));
  expect([...seen].sort()).toEqual([...CHANNELS].sort());
  expect(GOLDEN_CASES.length).toBeGreaterThanOrEqual(80);
});

it("isDirect() returns true only for the channel Direct", () => {
  const direct = GOLDEN_CASES.filter(([query, referrer]) => isDirect(of(query, referrer)));
  expect(direct).toEqual(GOLDEN_CASES.filter(([, , channel]) => channel === "Direct"));
});

it("sourceOf() returns the referrer and the name of the click id, even if the URL names a campaign", () => {
  const query =
    "?utm_source=Google&utm_medium=CPC&utm_campaign=Spring&utm_term=Hot+Tacos&utm_content=%20Ad%201%20&gclid=secret";
  expect(of(query, "https://www.google.com/")).toEqual({
    channel: "Paid Search",
    source: "google",
    medium: "cpc",
    campaign: "spring",
    term: "hot tacos",
    content: "ad 1",
    referrer: "google.com",
    clickId: "gclid",
  });
});

it("sourceOf() accepts a path with a query instead of a URL", () => {
  const path = sourceOf({ url: "/?utm_source=bing&utm_medium=cpc#top", referrer: null, ownHosts: [] });
  expect(path).toMatchObject({ channel: "Paid Search", source: "bing", medium: "cpc" });
});

it("sourceOf() ignores utm_term and utm_content if there is no other campaign parameter", () => {
  expect(of("?utm_term=tacos")).toMatchObject({ channel: "Direct", source: null, term: "tacos" });
  expect(of("?utm_content=ad", "https://www.bing.com/")).toMatchObject({ channel: "Organic Search" });
});

it.each([
  ["names in upper and lower case", "?UTM_Source=Flyer", "flyer"],
  ["repeated names, using the first value", "?utm_source=first&utm_source=second&UTM_SOURCE=third", "first"],
  ["control characters", "?utm_source=a%00b%0Ac%7Fd%C2%85e%E2%80%AEf", "abcdef"],
  ["spaces around the value", "?utm_source=%20%09flyer%C2%A0", "flyer"],
  ["emoji", "?utm_source=%F0%9F%8C%AE%20Taco", "🌮 taco"],
  ["broken escapes", "?utm_source=100%&utm_medium=%E0%A4%A", "100%"],
  ["a lone surrogate", "?utm_source=a\ud800b", "a\ufffdb"],
  ["an escaped name", "?utm%5Fsource=flyer", "flyer"],
])("sourceOf() reads UTM parameters with %s", (_what, query, source) => {
  expect(of(query).source).toBe(source);
});

it("sourceOf() truncates a text to 256 code points without splitting a character", () => {
  const { source, campaign } = of(`?utm_source=${"🌮".repeat(25_000)}&utm_campaign=${"İ".repeat(256)}`);
  expect(source).toBe("🌮".repeat(256));
  expect([...(campaign ?? "")]).toHaveLength(256);
});

it("sourceOf() reads parameters that come after a parameter of 100 KB", () => {
  const query = `?utm_content=${"x".repeat(100_000)}&utm_source=google&utm_medium=cpc`;
  expect(of(query)).toMatchObject({ channel: "Paid Search", content: "x".repeat(256) });
});

it("sourceOf() ignores a referrer with a host or a length that no browser would send", () => {
  expect(of("", `https://${"a".repeat(60)}.${"b.".repeat(120)}test/`).channel).toBe("Direct");
  expect(of("", `https://blog.example/${"x".repeat(100_000)}`).channel).toBe("Direct");
});

it("requireHosts() throws an error with the path of a value that is not a host", () => {
  const check = (hosts: unknown) => () => requireHosts("visit options", "ownHosts", hosts);
  expect(check(["shop.example", "localhost:3000", "xn--bcher-kva.example"])).not.toThrow();
  expect(check("shop.example")).toThrow("Invalid visit options: ownHosts must be a list of hosts");
  expect(check(["shop.example", "https://shop.example/"])).toThrow(
    "Invalid visit options: ownHosts.1 must be a host such as shop.example (got string)",
  );
  expect(check([null])).toThrow("ownHosts.0");
});
