import { AsyncLocalStorage } from "node:async_hooks";
import type { App } from "coatcheck-server";

const requestTimes = new AsyncLocalStorage<{ milliseconds: number; calls: number }>();

/** Runs `task` and adds its duration to the current request's total time at the backend. */
export async function measureBackendTime<Value>(task: () => Promise<Value>): Promise<Value> {
  const request = requestTimes.getStore();
  const startedAt = performance.now();
  try {
    return await task();
  } finally {
    if (request) {
      request.calls++;
      request.milliseconds += performance.now() - startedAt;
    }
  }
}

/** Adds the backend's time to the header `Server-Timing` of each response, as the entry `upstream;dur=…`. */
export function reportBackendTime(app: App): void {
  app.addHook("onRequest", (_request, _reply, done) => {
    requestTimes.run({ milliseconds: 0, calls: 0 }, done);
  });
  app.addHook("onSend", async (_request, reply) => {
    const { milliseconds, calls } = requestTimes.getStore() ?? { milliseconds: 0, calls: 0 };
    if (calls > 0) reply.header("server-timing", `upstream;dur=${milliseconds.toFixed(2)}`);
  });
}
