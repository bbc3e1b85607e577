import { AsyncLocalStorage } from "node:async_hooks";
import type { App } from "coatcheck-server";

const requests = new AsyncLocalStorage<{ milliseconds: number; asked: number }>();

/** Adds what the request under way spends on `task` to what it has spent at the backend. */
export async function atBackend<Value>(task: () => Promise<Value>): Promise<Value> {
  const request = requests.getStore();
  const began = performance.now();
  try {
    return await task();
  } finally {
    if (request) {
      request.asked++;
      request.milliseconds += performance.now() - began;
    }
  }
}

/** Tells with each answer how long the backend took: `Server-Timing: upstream;dur=…`, beside the session's own. */
export function tellBackendTime(app: App): void {
  app.addHook("onRequest", (_request, _reply, done) => {
    requests.run({ milliseconds: 0, asked: 0 }, done);
  });
  app.addHook("onSend", async (_request, reply) => {
    const { milliseconds, asked } = requests.getStore() ?? { milliseconds: 0, asked: 0 };
    if (asked > 0) reply.header("server-timing", `upstream;dur=${milliseconds.toFixed(2)}`);
  });
}
