import crawlers from "crawler-user-agents";
import topUserAgents from "top-user-agents";
import { describe, expect, it } from "vitest";
import {
  anonymizeAddress,
  describeClient,
  lookUpPlace,
  parseUserAgent,
  placeFromHeaders,
} from "../../src/device/index.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const CHROMEBOOK =
  "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
const GALAXY_TAB =
  "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

describe("parseUserAgent()", () => {
  it.each([
    [FIREFOX, "browser", "Firefox 140", "Linux", "desktop"],
    [
      `${MAC} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0`,
      "browser",
      "Microsoft Edge 126",
      "macOS",
      "desktop",
    ],
    [IPHONE, "browser", "Safari 17", "iOS", "mobile"],
    [CHROMEBOOK, "browser", "Chrome 126", "Chrome OS", "desktop"],
    [GALAXY_TAB, "browser", "Chrome 126", "Android", "tablet"],
    [`${MAC} HeadlessChrome/126.0.0.0 Safari/537.36`, "bot", "Chrome 126", "macOS", "bot"],
  ])("returns kind, browser, system and device for the header %s", (text, kind, browser, os, device) => {
    expect(parseUserAgent(text)).toEqual({ kind, browser, os, device });
  });

  it.each([
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
  ])("returns kind `bot` for %s", (text) => {
    expect(parseUserAgent(text)).toMatchObject({ kind: "bot", device: "bot" });
  });

  it.each([
    "curl/8.5.0",
    "axios/1.7.2",
    "Dart/3.4 (dart:io)",
    "MyApp/7 CFNetwork/1568.200.51 Darwin/24.1.0",
    "okhttp/4.12.0",
  ])("returns kind `tool` for %s", (text) => {
    expect(parseUserAgent(text)).toMatchObject({ kind: "tool", device: null });
  });

  it("returns browser, operating system and device for the hundred most frequent browsers", () => {
    expect(topUserAgents).toHaveLength(100);
    const unknown = topUserAgents.filter((text) => {
      const { kind, browser, os, device } = parseUserAgent(text);
      return kind !== "browser" || !browser || !os || !device;
    });
    expect(unknown).toEqual([]);
  });

  it("mistakes fewer than one in 200 headers of known crawlers for a browser", () => {
    const headers = crawlers.flatMap(({ instances }) => instances);
    expect(headers.length).toBeGreaterThan(2000);
    const missed = headers.filter((text) => parseUserAgent(text).kind === "browser");
    expect(missed.length / headers.length).toBeLessThan(1 / 200);
  });

  it.each([undefined, null, "", "   "])(
    "returns kind `tool`, with unknown browser and system, for the header %j",
    (text) => {
      expect(parseUserAgent(text)).toEqual({ kind: "tool", browser: null, os: null, device: null });
    },
  );

  it("parses the same header only once, and then returns the cached result", () => {
    expect(parseUserAgent(FIREFOX)).toBe(parseUserAgent(FIREFOX));
  });

  it("ignores all but the first 512 characters of a header", () => {
    const oversized = `${FIREFOX} ${"x".repeat(100_000)}`;
    expect(parseUserAgent(oversized)).toBe(parseUserAgent(oversized.slice(0, 512)));
  });
});

describe("anonymizeAddress()", () => {
  it.each([
    ["192.0.2.77", "192.0.2.0"],
    ["::ffff:192.0.2.77", "192.0.2.0"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1::"],
    ["2001:db8::1", "2001:db8::"],
    ["2001::1:2:3:4:5", "2001::"],
    ["1:2:3:4:5:6:7::", "1:2:3::"],
    ["::1", "::"],
    ["fe80::1%eth0", "fe80::"],
    ["64:ff9b::192.0.2.1", "64:ff9b::"],
  ])(
    "for %s, returns %s with `truncated`, the same address with `full`, and null with `none`",
    (address, truncated) => {
      expect(anonymizeAddress(address, "truncated")).toBe(truncated);
      expect(anonymizeAddress(address, "full")).toBe(address);
      expect(anonymizeAddress(address, "none")).toBeNull();
    },
  );

  it.each([null, "", "localhost", "192.0.2"])("returns null for the invalid address %j", (address) => {
    expect(anonymizeAddress(address, "full")).toBeNull();
    expect(anonymizeAddress(address, "truncated")).toBeNull();
  });
});

describe("placeFromHeaders()", () => {
  const headers: Record<string, string> = { "cf-ipcountry": "ch", "cf-ipcity": "Z%C3%BCrich" };

  it("reads country and city, and decodes a percent-encoded city", () => {
    expect(placeFromHeaders((name) => headers[name], { country: "cf-ipcountry", city: "cf-ipcity" })).toEqual(
      {
        country: "CH",
        city: "Zürich",
      },
    );
  });

  it.each(["XX", "T1", "Germany", "", "<b>"])("returns a null country for the header value %j", (country) => {
    expect(placeFromHeaders(() => country, { country: "cf-ipcountry" }).country).toBeNull();
  });
});

describe("lookUpPlace()", () => {
  it("returns country and city from the file, and null for an unknown or missing address", () => {
    const reader = {
      get: (address: string) =>
        address === "192.0.2.1" ? { country: { iso_code: "CH" }, city: { names: { en: "Zurich" } } } : null,
    };
    expect(lookUpPlace(reader, "192.0.2.1")).toEqual({ country: "CH", city: "Zurich" });
    expect(lookUpPlace(reader, "192.0.2.2")).toEqual({ country: null, city: null });
    expect(lookUpPlace(reader, null)).toEqual({ country: null, city: null });
  });
});

describe("describeClient()", () => {
  it("returns at most 512 characters of the User-Agent header", () => {
    expect(describeClient({ address: null }, "x".repeat(100_000)).userAgent).toHaveLength(512);
  });

  it("truncates the address by default, returns all of it in the mode `full`, and omits it in the mode `none`", () => {
    const client = { address: "192.0.2.77" };
    const place = { country: "CH", city: "Zürich" };
    expect(describeClient(client, FIREFOX, undefined, place)).toEqual({
      address: "192.0.2.0",
      userAgent: FIREFOX,
      browser: "Firefox 140",
      os: "Linux",
      device: "desktop",
      ...place,
    });
    expect(describeClient(client, FIREFOX, "full").address).toBe("192.0.2.77");
    expect(describeClient(client, FIREFOX, "none").address).toBeNull();
  });
});
