import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { generate } from "openapi-typescript-codegen";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS, temporaryFolder, useServiceProcess } from "../fixtures.ts";

const run = promisify(execFile);
const tsc = fileURLToPath(import.meta.resolve("typescript/package.json"));
const service = useServiceProcess();
let folder: string;

/** An example program that uses the generated client. */
const PROGRAM = `
import { ApiError, Coatcheck, type CountedSession } from "./client/index";

export async function runJourney(BASE: string, key: string, admin: string) {
  const shop = new Coatcheck({ BASE, TOKEN: key });
  const { data } = await shop.sessions.createSession({
    requestBody: {
      subject: "user-7",
      page: { url: "https://shop.example/?utm_source=newsletter" },
      client: { userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" },
    },
  });
  const sessionId: string = data.sessionId;
  await shop.data.patchSessionData({ sessionId, requestBody: { cart: { "coat-7": 1 } } });
  const cart: Record<string, unknown> = (await shop.data.getSessionData({ sessionId })).data;
  await shop.visits.convertSession({
    sessionId,
    requestBody: { orderId: "order-1001", revenue: 12_900, currency: "EUR" },
  });
  const converted: CountedSession = (await shop.sessions.getSession({ sessionId })).data;
  const operator = new Coatcheck({ BASE, TOKEN: admin });
  const { ended } = (await operator.subjects.endSubjectSessions({ subject: "user-7" })).data;
  const error = await shop.sessions.getSession({ sessionId }).catch((reason: unknown) => reason);
  return { cart, converted, ended, status: error instanceof ApiError ? error.status : null };
}
`;

beforeAll(async () => {
  folder = temporaryFolder();
  const input: unknown = await (await fetch(`${service().url}/openapi.json`)).json();
  await generate({
    input: input as string,
    output: join(folder, "client"),
    clientName: "Coatcheck",
    useOptions: true,
    useUnionTypes: true,
  });
  writeFileSync(join(folder, "program.ts"), PROGRAM);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the generated TypeScript client compiles with a program that uses it", async () => {
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext"];
  const files = [join(folder, "program.ts")];
  const resolution = ["--moduleResolution", "bundler", "--lib", "es2022,dom", "--ignoreConfig"];
  const compiler = join(dirname(tsc), "bin", "tsc");
  await run(process.execPath, [compiler, ...options, ...resolution, ...files], { cwd: folder }).catch(
    (error) => {
      throw new Error(error.stdout);
    },
  );
});

test("the generated TypeScript client creates, changes, converts and ends a session", async () => {
  const { runJourney } = await import(join(folder, "program.ts"));
  const { cart, converted, ended, status } = await runJourney(service().url, API_KEYS.shop, ADMIN_TOKEN);
  expect(cart).toEqual({ cart: { "coat-7": 1 } });
  expect(converted).toMatchObject({ subject: "user-7", converted: true, orderId: "order-1001" });
  expect(converted.attribution.source).toBe("newsletter");
  expect({ ended, status }).toEqual({ ended: 1, status: 404 });
});
