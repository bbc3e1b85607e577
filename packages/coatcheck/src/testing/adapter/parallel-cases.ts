import assert from "node:assert/strict";
import { type AdapterCases, countRoute, showSession } from "./case.ts";

/** Creates a function whose promises resolve once `count` callers wait for them. */
function createBarrier(count: number): () => Promise<void> {
  let waiting: (() => void)[] = [];
  return async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push(resolve);
    if (waiting.length === count) {
      for (const release of waiting) release();
      waiting = [];
    }
    await promise;
  };
}

const waitForFiveCallers = createBarrier(5);

/** Requests whose handlers run at the same time. */
export const parallelCases: AdapterCases = {
  "one of five parallel requests that loaded the same flash message consumes it": {
    routes: {
      "/leave": {
        async handle(exchange) {
          (await exchange.session.load()).flash("notice", "saved");
          return exchange.reply(200, {}, "left");
        },
      },
      "/take": {
        async handle(exchange) {
          const session = await exchange.session.load();
          await waitForFiveCallers();
          return exchange.reply(200, {}, String(await session.takeFlash("notice")));
        },
      },
    },
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/leave");
      const parallel = await Promise.all(Array.from({ length: 5 }, () => browser.send("/take")));
      assert.deepEqual(parallel.map(({ body }) => body).sort(), ["saved", ...Array(4).fill("undefined")]);
    },
  },
  "parallel responses of different browsers are never swapped": {
    routes: {
      "/count": countRoute,
      "/together": {
        async handle(exchange) {
          const session = await exchange.session.load();
          await waitForFiveCallers();
          session.data.count = Number(session.data.count) + 1;
          return showSession(exchange);
        },
      },
    },
    async check(fixture) {
      const browsers = Array.from({ length: 5 }, () => fixture.openBrowser());
      const first = await Promise.all(browsers.map((browser) => browser.send("/count")));
      const ids = first.map(({ body }) => JSON.parse(body).id);
      assert.equal(new Set(ids).size, 5);
      const responses = await Promise.all(browsers.map((browser) => browser.send("/together")));
      const shown = responses.map(({ body }) => JSON.parse(body));
      assert.deepEqual(
        shown.map(({ id, data }) => [id, data.count]),
        ids.map((id) => [id, 2]),
      );
    },
  },
};
