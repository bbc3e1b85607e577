import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCache, redisShared } from "../../src/cache/index.ts";
import { defineContext, loader, redisEntities } from "../../src/context/index.ts";
import { createEncryption, type EncryptionFault } from "../../src/encryption/index.ts";
import { SessionManager } from "../../src/index.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { compactId } from "../../src/session/token.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { connectRedis } from "../../src/store/redis/connect.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { startExpress5 } from "../http/adapter-fixtures.ts";
import { createTemporaryPrefix, describeWithServer } from "../servers/fixtures.ts";
import { createTemporaryFolder } from "../store/sqlite/fixtures.ts";

const SECRETS = ["the data secret of this year"];
/** Texts that must not be readable in the database files. */
const PRIVATE_TEXTS = [
  "permission_number_7",
  "a flash message",
  "a referral of the partner",
  "Mozilla/5.0 (Private)",
];

await describeWithServer("encryption with Redis", "redis", (url) => {
  it("encrypted copies in Redis contain no plaintext of sessions and entities, and are ignored if they were altered", async () => {
    const transport = await connectRedis(url);
    const prefix = createTemporaryPrefix();
    const faults: EncryptionFault[] = [];
    const encryption = createEncryption({ secrets: SECRETS, onFault: (fault) => faults.push(fault) });
    const store = encryption.store(memoryStore());
    const shared = encryption.shared(redisShared(transport, { prefix }));
    const entities = encryption.entities(redisEntities(transport, { prefix }));

    const sessions = new SessionManager({ store, secrets: ["a secret of sixteen"] });
    const { record } = await sessions.create({ data: { note: "permission_number_7" } });
    const key = compactId(record.id);
    expect(await shared.fill(key, { record, position: 1 })).toBe(true);
    expect(await shared.get(key)).toEqual({ record, position: 1 });
    const copy = String(await transport.exec(["GET", `${prefix}cached:${key}`]));
    expect(copy).not.toContain("permission_number_7");
    const altered = copy.replace(/(encrypted":".{20}).{8}/, "$1AAAAAAAA");
    await transport.exec(["SET", `${prefix}cached:${key}`, altered]);
    expect(await shared.get(key)).toBeNull();

    const entity = { position: 1, loadedAt: 7, value: { name: "permission_number_7" }, keys: ["user:ada"] };
    await entities.set("user:ada", entity, 60_000);
    expect(await entities.get("user:ada")).toEqual(entity);
    const stored = String(await transport.exec(["GET", `${prefix}entity:user:ada`]));
    expect(stored).not.toContain("permission_number_7");
    // Both must be ignored: the value of another entity, and an unencrypted value.
    await transport.exec(["SET", `${prefix}entity:user:eve`, stored]);
    expect(await entities.get("user:eve")).toBeNull();
    await transport.exec(["SET", `${prefix}entity:user:ada`, JSON.stringify(entity)]);
    expect(await entities.get("user:ada")).toBeNull();
    expect(faults.map(({ id, reason }) => [id, reason])).toEqual([
      [record.id, "altered"],
      ["user:eve", "altered"],
      ["user:ada", "plaintext"],
    ]);
    await transport.close();
  });

  it("encrypted copies in Redis are shared between the contexts of two processes", async () => {
    const transport = await connectRedis(url);
    const prefix = createTemporaryPrefix();
    const store = memoryStore();
    const { entities } = createEncryption({ secrets: SECRETS });
    let loads = 0;
    const start = () => {
      const cache = createCache({ store, singleProcess: true });
      const user = loader({
        reference: ({ subject }) => subject,
        load: (id: string) => {
          loads++;
          return { id, name: "Ada" };
        },
      });
      const context = defineContext(
        { user },
        { cache, shared: entities(redisEntities(transport, { prefix })) },
      );
      const read = () => context.of({ subject: "ada", tenant: null, data: {} }).user();
      return { cache, read };
    };
    const [first, second] = [start(), start()];
    await first.cache.invalidations.renewLease();
    await second.cache.invalidations.renewLease();
    expect(await first.read()).toEqual({ id: "ada", name: "Ada" });
    while ((await transport.exec(["GET", `${prefix}entity:user:ada`])) === null);
    expect(await second.read()).toEqual({ id: "ada", name: "Ada" });
    expect(loads).toBe(1);
    await first.cache.close();
    await second.cache.close();
    await transport.close();
  });
});

describe("the files of a SQLite database", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = createTemporaryFolder();
    path = join(folder, "sessions.db");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Returns those private texts that a file in the folder contains. */
  const findPrivateTexts = () => {
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)).toString("latin1"));
    return PRIVATE_TEXTS.filter((text) => files.some((file) => file.includes(text)));
  };

  const write = async (store: SessionStore) => {
    const sessions = new SessionManager({ store, secrets: ["a secret of sixteen"] });
    const client = {
      address: "192.0.2.7",
      userAgent: "Mozilla/5.0 (Private)",
      browser: null,
      os: null,
      device: null,
      country: null,
      city: null,
    };
    for (let user = 0; user < 50; user++) {
      const { token } = await sessions.create({
        subject: `user-${user}`,
        client,
        metadata: { source: "a referral of the partner" },
        data: { permissions: Array.from({ length: 20 }, (_, index) => `permission_number_${index}`) },
      });
      const session = await sessions.resume(token);
      if (!("flash" in session)) throw new Error("The session was refused.");
      session.flash("notice", "a flash message");
      await session.commit();
    }
  };

  it("contain the private texts of sessions if encryption is off", async () => {
    const store = sqliteStore(path);
    await write(store);
    expect(findPrivateTexts()).toEqual(PRIVATE_TEXTS);
    await store.close();
  });

  it("contain no private text if encryption is on, while the database is open and after it is closed", async () => {
    const store = createEncryption({ secrets: SECRETS }).store(sqliteStore(path));
    await write(store);
    expect(findPrivateTexts()).toEqual([]);
    await store.close();
    expect(findPrivateTexts()).toEqual([]);
    const reopened = createEncryption({ secrets: SECRETS }).store(sqliteStore(path));
    const [record] = (await reopened.list({ subject: "user-7" }, { limit: 1 })).records;
    expect(record?.data.permissions).toContain("permission_number_7");
    await reopened.close();
  });

  it("contain no private text of formerly unencrypted sessions after reencrypt() and VACUUM", async () => {
    const plain = sqliteStore(path);
    await write(plain);
    await plain.close();
    const store = createEncryption({ secrets: SECRETS, acceptPlaintext: true }).store(sqliteStore(path));
    expect(await store.reencrypt({ limit: 100 })).toEqual({ reencrypted: 50, next: null });
    await store.close();
    const database = new DatabaseSync(path);
    database.exec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    expect(findPrivateTexts()).toEqual([]);
  });
});

describe("a request whose session was altered in the database", () => {
  it("is anonymous, and a later login succeeds", async () => {
    const inner = memoryStore();
    const faults: EncryptionFault[] = [];
    const store = createEncryption({ secrets: SECRETS, onFault: (fault) => faults.push(fault) }).store(inner);
    const manager = new SessionManager({ store, secrets: ["a secret of sixteen"] });
    const server = await startExpress5(
      manager as never,
      {},
      {
        "/who": {
          handle: async ({ session, reply }) => reply(200, {}, String((await session.load()).subject)),
        },
        "/login": {
          handle: async ({ session, reply }) => {
            await (await session.load()).authenticate("ada");
            return reply(204, {});
          },
        },
      },
    );
    const logIn = async (headers: Record<string, string> = {}) => {
      const response = await fetch(`${server.url}/login`, { method: "POST", headers });
      return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    };
    const who = async (cookie: string) => {
      const response = await fetch(`${server.url}/who`, { headers: { cookie } });
      return [response.status, await response.text()];
    };
    const cookie = await logIn();
    expect(await who(cookie)).toEqual([200, "ada"]);
    const [record] = (await inner.list({ subject: "ada" }, { limit: 1 })).records;
    if (!record) throw new Error("There is no session.");
    await inner.put(
      { ...record, data: { role: "admin" }, version: record.version + 1 },
      { expectedVersion: record.version, change: "data" },
    );
    expect(await who(cookie)).toEqual([200, "null"]);
    expect(faults).toEqual([{ kind: "session", id: record.id, reason: "plaintext" }]);
    expect(await who(await logIn({ cookie }))).toEqual([200, "ada"]);
    await server.close();
  });
});
