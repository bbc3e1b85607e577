import { describe, expect, it } from "vitest";
import {
  describeClient,
  keptAddress,
  placeFromHeaders,
  placeOf,
  readUserAgent,
} from "../../src/device/index.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const GALAXY_TAB =
  "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

describe("a user agent", () => {
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
    [GALAXY_TAB, "browser", "Chrome 126", "Android", "tablet"],
    [`${MAC} HeadlessChrome/126.0.0.0 Safari/537.36`, "bot", "Chrome 126", "macOS", "bot"],
  ])("%s", (text, kind, browser, os, device) => {
    expect(readUserAgent(text)).toEqual({ kind, browser, os, device });
  });

  it.each([
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "curl/8.5.0",
    "axios/1.7.2",
  ])("of a bot: %s", (text) => {
    expect(readUserAgent(text)).toMatchObject({ kind: "bot", device: "bot" });
  });

  it.each([undefined, null, "", "   "])("that is not there says nothing: %j", (text) => {
    expect(readUserAgent(text)).toEqual({ kind: "tool", browser: null, os: null, device: null });
  });

  it("is read once", () => {
    expect(readUserAgent(FIREFOX)).toBe(readUserAgent(FIREFOX));
  });

  it("is cut before it is read, so that nobody stores a novel", () => {
    const novel = `${FIREFOX} ${"x".repeat(100_000)}`;
    expect(describeClient({ address: null }, novel).userAgent).toHaveLength(512);
    expect(readUserAgent(novel)).toBe(readUserAgent(novel.slice(0, 512)));
  });
});

describe("an address", () => {
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
  ])("%s is kept as its network, %s", (address, kept) => {
    expect(keptAddress(address, "truncated")).toBe(kept);
    expect(keptAddress(address, "full")).toBe(address);
    expect(keptAddress(address, "none")).toBeNull();
  });

  it.each([null, "", "localhost", "192.0.2"])("that is none is not kept: %j", (address) => {
    expect(keptAddress(address, "full")).toBeNull();
    expect(keptAddress(address, "truncated")).toBeNull();
  });
});

describe("a place", () => {
  const headers: Record<string, string> = { "cf-ipcountry": "ch", "cf-ipcity": "Z%C3%BCrich" };

  it("is what the network in front says", () => {
    expect(placeFromHeaders((name) => headers[name], { country: "cf-ipcountry", city: "cf-ipcity" })).toEqual(
      {
        country: "CH",
        city: "Zürich",
      },
    );
  });

  it.each(["XX", "T1", "Germany", "", "<b>"])("is unknown where the network says %j", (country) => {
    expect(placeFromHeaders(() => country, { country: "cf-ipcountry" }).country).toBeNull();
  });

  it("is what the operator's file says", () => {
    const reader = {
      get: (address: string) =>
        address === "192.0.2.1" ? { country: { iso_code: "CH" }, city: { names: { en: "Zurich" } } } : null,
    };
    expect(placeOf(reader, "192.0.2.1")).toEqual({ country: "CH", city: "Zurich" });
    expect(placeOf(reader, "192.0.2.2")).toEqual({ country: null, city: null });
    expect(placeOf(reader, null)).toEqual({ country: null, city: null });
  });
});

describe("a client", () => {
  it("is described with as much of its address as the mode keeps, truncated unless told otherwise", () => {
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
