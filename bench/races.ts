import type { AddressInfo } from "node:net";
import { SessionManager } from "coatcheck";
import { coatcheck, sessionOf } from "coatcheck/express";
import { sqliteStore } from "coatcheck/store/sqlite";
import express, { type Express } from "express";
import session from "express-session";
import { COOKIE_SECRET } from "./servers/workload.ts";

/*
 * Reproduces two race conditions that occur when a user has an application open in several tabs: concurrent writes of
 * one browser, and a logout during a slow request. Each server has the same routes.
 */

const WRITER_COUNT = 20;
const TRIAL_COUNT = 20;

/** A server with the routes that both races use. */
interface RaceServer {
  readonly name: string;
  readonly app: Express;
}

/** Delays the slow request until the competing request has finished. */
class Barrier {
  #entered = Promise.withResolvers<void>();
  #opened = Promise.withResolvers<void>();

  /** Called by the slow request. Resolves when the barrier opens. */
  async pass(): Promise<void> {
    this.#entered.resolve();
    await this.#opened.promise;
  }

  /** Resolves when the slow request has arrived. */
  async waitUntilEntered(): Promise<void> {
    await this.#entered.promise;
  }

  /** Releases the slow request, and resets the barrier for the next trial. */
  open(): void {
    this.#opened.resolve();
    this.#entered = Promise.withResolvers();
    this.#opened = Promise.withResolvers();
  }
}

/** Delays requests until `count` of them have arrived. */
function delayUntilArrived(count: number): () => Promise<void> {
  let waiting: (() => void)[] = [];
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length < count) return;
      for (const release of waiting) release();
      waiting = [];
    });
}

declare module "express-session" {
  interface SessionData {
    fields: Record<string, number>;
  }
}

function expressSessionRaceServer(barrier: Barrier): RaceServer {
  const app = express();
  const waitForAll = delayUntilArrived(WRITER_COUNT);
  app.use(session({ secret: COOKIE_SECRET, resave: false, saveUninitialized: false }));
  app.post("/login", (request, response) => {
    request.session.subject = "user-1";
    request.session.fields = {};
    response.end();
  });
  app.post("/write/:field", async (request, response) => {
    await waitForAll();
    request.session.fields = { ...request.session.fields, [request.params.field]: 1 };
    response.end();
  });
  app.post("/slow", async (request, response) => {
    await barrier.pass();
    request.session.fields = { slow: 1 };
    response.end();
  });
  app.post("/logout", (request, response) => {
    request.session.destroy(() => response.end());
  });
  app.get("/", (request, response) => {
    response.json({ subject: request.session.subject ?? null, fields: request.session.fields ?? {} });
  });
  return { name: "express-session, memory", app };
}

interface RaceData {
  fields?: Record<string, number>;
}

function coatcheckRaceServer(barrier: Barrier): RaceServer {
  const app = express();
  const waitForAll = delayUntilArrived(WRITER_COUNT);
  const manager = new SessionManager<RaceData>({ store: sqliteStore(":memory:"), secrets: [COOKIE_SECRET] });
  app.use(coatcheck(manager, { cookie: { secure: false } }));
  app.post("/login", async (request, response) => {
    await (await sessionOf<RaceData>(request).load()).authenticate("user-1");
    response.end();
  });
  app.post("/write/:field", async (request, response) => {
    const { data } = await sessionOf<RaceData>(request).load();
    await waitForAll();
    data.fields = { ...data.fields, [request.params.field]: 1 };
    response.end();
  });
  app.post("/slow", async (request, response) => {
    const { data } = await sessionOf<RaceData>(request).load();
    await barrier.pass();
    data.fields = { slow: 1 };
    response.end();
  });
  app.post("/logout", async (request, response) => {
    await (await sessionOf<RaceData>(request).load()).revoke();
    response.end();
  });
  app.get("/", async (request, response) => {
    const { subject, data } = await sessionOf<RaceData>(request).load();
    response.json({ subject, fields: data.fields ?? {} });
  });
  return { name: "Coatcheck, SQLite", app };
}

async function runRaces({ name, app }: RaceServer, barrier: Barrier): Promise<string> {
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = async (path: string, cookie: string) => {
    const response = await fetch(base + path, { method: "POST", headers: { cookie } });
    await response.arrayBuffer();
    return response;
  };
  const logIn = async () => (await post("/login", "")).headers.getSetCookie()[0]?.split(";", 1)[0] ?? "";
  const read = async (cookie: string) =>
    (await (await fetch(base, { headers: { cookie } })).json()) as { subject: string | null; fields: object };

  let kept = 0;
  let revived = 0;
  for (let trial = 0; trial < TRIAL_COUNT; trial++) {
    const cookie = await logIn();
    await Promise.all(
      Array.from({ length: WRITER_COUNT }, (_, field) => post(`/write/field${field}`, cookie)),
    );
    kept += Object.keys((await read(cookie)).fields).length;

    const slow = post("/slow", cookie);
    await barrier.waitUntilEntered();
    await post("/logout", cookie);
    barrier.open();
    await slow;
    if ((await read(cookie)).subject !== null) revived++;
  }
  server.close();
  return `| ${name} | ${kept} of ${TRIAL_COUNT * WRITER_COUNT} | ${revived} of ${TRIAL_COUNT} |`;
}

/** Runs both races. Returns the lines of the report's section. */
export async function measureRaces(): Promise<string[]> {
  const barrier = new Barrier();
  return [
    `Two races, ${TRIAL_COUNT} trials each. In the first, ${WRITER_COUNT} concurrent requests of one browser each set a different field. In the second, the browser logs out while a slow request of its own is about to write.`,
    "",
    "| session library | writes kept | logged-out sessions resurrected |",
    "|---|---|---|",
    await runRaces(expressSessionRaceServer(barrier), barrier),
    await runRaces(coatcheckRaceServer(barrier), barrier),
  ];
}
