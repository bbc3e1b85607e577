import { request } from "node:http";
import { expect, it } from "vitest";
import type { TacoShop } from "./taco-shop-fixtures.ts";

/** The largest allowed size of all scripts after compression, in bytes. */
const MAX_SCRIPT_BYTES = 110_000;

/** Requests a URL without decompressing the body. */
function get(url: string, encoding: string) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly bytes: number;
    readonly text: string;
  }>();
  request(url, { headers: { "accept-encoding": encoding } }, async (response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    resolve({ headers: response.headers, bytes: body.length, text: body.toString() });
  })
    .on("error", reject)
    .end();
  return promise;
}

/** Defines tests of the files that the shop serves. */
export function testFiles(shop: TacoShop): void {
  it("scripts and styles are compressed, and cached for a year", async () => {
    const { headers, text } = await get(shop.urlOf("/"), "identity");
    expect(headers["cache-control"]).toBe("public, max-age=0");
    const scripts = text.match(/\/assets\/[^"]+\.js/g) ?? [];
    const [style = ""] = text.match(/\/assets\/[^"]+\.css/) ?? [];
    expect(scripts).not.toEqual([]);
    for (const encoding of ["br", "gzip"]) {
      let total = 0;
      for (const path of [...scripts, style]) {
        const asset = await get(shop.urlOf(path), encoding);
        expect(asset.headers).toMatchObject({
          "content-encoding": encoding,
          "cache-control": "public, max-age=31536000, immutable",
          vary: "accept-encoding",
        });
        if (path !== style) total += asset.bytes;
      }
      expect(total).toBeLessThanOrEqual(MAX_SCRIPT_BYTES);
    }
    const plain = await get(shop.urlOf(style), "identity");
    expect(plain.headers["content-encoding"]).toBeUndefined();
  });

  it("each of the six tacos has a different picture, and each price has a currency", async () => {
    const page = await shop.visit("alice");
    const pictures = await page
      .locator("#tacos .card .picture")
      .evaluateAll((all) => all.map(({ innerHTML }) => innerHTML));
    expect([pictures.length, new Set(pictures).size]).toEqual([6, 6]);
    const prices = await page.locator(".card .price").allTextContents();
    expect(prices.length).toBeGreaterThan(20);
    for (const price of prices) expect(price).toMatch(/^(from )?CHF\u00a0\d+\.\d\d/);
  });

  it("without JavaScript, the page explains in each language that it needs JavaScript", async () => {
    const page = await shop.visit("alice");
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Emulation.setScriptExecutionDisabled", { value: true });
    try {
      await page.goto(shop.urlOf("/"));
      for (const text of [
        "Cette page a besoin de JavaScript",
        "Diese Seite braucht JavaScript",
        "This page needs JavaScript",
      ]) {
        expect(await page.getByRole("heading", { name: text }).isVisible()).toBe(true);
      }
    } finally {
      await devtools.send("Emulation.setScriptExecutionDisabled", { value: false });
      await devtools.detach();
    }
  });
}
