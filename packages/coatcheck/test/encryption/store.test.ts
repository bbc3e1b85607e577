import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import {
  createEncryption,
  type EncryptionFault,
  type EncryptionOptions,
} from "../../src/encryption/index.ts";
import { SessionManager } from "../../src/index.ts";
import { Session } from "../../src/session/session.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { makeFullRecord, makeRecord } from "../../src/testing/records.ts";
import { storeContract } from "../../src/testing/store-suite.ts";
import { createTemporaryFolder } from "../store/sqlite/fixtures.ts";

const OLD = "the data secret of last year";
const NEW = "the data secret of this year";

storeContract(
  { describe, it },
  {
    name: "encrypted, in memory",
    open: () => ({ store: createEncryption({ secrets: [NEW] }).store(memoryStore()) }),
  },
);

storeContract(
  { describe, it },
  {
    name: "encrypted SQLite, two handles on one file",
    open: () => {
      const folder = createTemporaryFolder();
      const path = join(folder, "sessions.db");
      // The second store lists the secrets in the opposite order, as may happen during a rotation.
      return {
        store: createEncryption({ secrets: [NEW, OLD] }).store(sqliteStore(path)),
        other: createEncryption({ secrets: [OLD, NEW] }).store(sqliteStore(path)),
        cleanUp: () => rmSync(folder, { recursive: true }),
      };
    },
  },
);

/**
 * Creates a manager whose store encrypts sessions before `inner` stores them. `faults` contains the reported faults.
 */
function createSite(inner: SessionStore, options: Partial<EncryptionOptions> = {}) {
  const faults: EncryptionFault[] = [];
  const store = createEncryption({
    secrets: [NEW],
    onFault: (fault) => faults.push(fault),
    ...options,
  }).store(inner);
  const sessions = new SessionManager<{ note?: string }>({ store, secrets: ["a secret of sixteen"] });
  const refusalOf = async (token: string) => (await sessions.resume(token)).refusal;
  return { inner, store, sessions, faults, refusalOf };
}

/** Replaces the encrypted text of a session, as an attacker with access to the database could. */
async function replaceCiphertext(
  inner: SessionStore,
  id: string,
  change: (text: string) => unknown,
): Promise<void> {
  const { record } = (await inner.get(id)) ?? {};
  if (!record) throw new Error("There is no such session.");
  const data = { "coatcheck:encrypted": change(String(record.data["coatcheck:encrypted"])) } as never;
  await inner.put(
    { ...record, data, version: record.version + 1 },
    { expectedVersion: record.version, change: "data" },
  );
}

describe("a session in an encrypted store", () => {
  it("has its data, flash messages, metadata, client and binding encrypted in the store and decrypted when it is read", async () => {
    const { inner, store } = createSite(memoryStore());
    const record = makeFullRecord();
    await store.put(record, { expectedVersion: 0, change: "data" });
    const stored = (await inner.get(record.id))?.record;
    expect(stored).toMatchObject({
      flash: {},
      metadata: {},
      client: null,
      binding: null,
      subject: record.subject,
    });
    expect(Object.keys(stored?.data ?? {})).toEqual(["coatcheck:encrypted"]);
    expect((await store.get(record.id))?.record).toEqual(record);
    expect((await store.list({}, { limit: 1 })).records).toEqual([record]);
  });

  it("is stored with a different ciphertext at each write", async () => {
    const { inner, store } = createSite(memoryStore());
    const texts = new Set<unknown>();
    const record = makeRecord({ data: { note: "the same" } });
    for (let version = 1; version < 20; version++) {
      await store.put({ ...record, version }, { expectedVersion: version - 1, change: "data" });
      texts.add((await inner.get(record.id))?.record.data["coatcheck:encrypted"]);
    }
    expect(texts.size).toBe(19);
  });

  it("is not read from the store when the cache has it", async () => {
    const inner = memoryStore();
    const store = createEncryption({ secrets: [NEW] }).store(inner);
    const cache = createCache({ store, singleProcess: true });
    const sessions = new SessionManager({ store, cache, secrets: ["a secret of sixteen"] });
    const { token } = await sessions.create({ data: { note: "private" } });
    await sessions.resume(token);
    const { reads } = cache.metrics().store;
    for (let request = 0; request < 50; request++) {
      expect(await sessions.resume(token)).toMatchObject({ data: { note: "private" } });
    }
    expect(cache.metrics().store.reads).toBe(reads);
  });

  it("takes at most 20 µs longer to write than an unencrypted session, for 1 KB of data", async () => {
    const data = { permissions: Array.from({ length: 50 }, (_, index) => `permission_number_${index}`) };
    const stored: SessionStore = { ...memoryStore(), put: async () => "stored" };
    const encrypted = createEncryption({ secrets: [NEW] }).store(stored);
    const record = makeRecord({ data });
    const timeOf = async (store: SessionStore) => {
      const start = performance.now();
      for (let write = 0; write < 20; write++)
        await store.put(record, { expectedVersion: 0, change: "data" });
      return ((performance.now() - start) / 20) * 1000;
    };
    // Use the fastest of many short rounds, because other programs on the machine can slow a round down but not speed
    // it up.
    let [plain, added] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < 3000 && (round < 300 || added - plain > 20); round++) {
      plain = Math.min(plain, await timeOf(stored));
      added = Math.min(added, await timeOf(encrypted));
    }
    expect(added - plain).toBeLessThanOrEqual(20);
  });
});

describe("an altered session in an encrypted store", () => {
  const alterations: [string, (text: string) => unknown][] = [
    ["a changed character", (text) => `${text.slice(0, 30)}${text[30] === "A" ? "B" : "A"}${text.slice(31)}`],
    ["a shorter text", (text) => text.slice(0, -4)],
    ["an empty text after the key id", (text) => text.slice(0, 6)],
    ["another type", () => 7],
  ];

  it("is refused and reported as a fault, and can still be listed and revoked", async () => {
    for (const [title, alter] of alterations) {
      const { inner, sessions, faults, refusalOf } = createSite(memoryStore());
      const { token, record } = await sessions.create({ subject: "ada", data: { note: "private" } });
      await replaceCiphertext(inner, record.id, alter);
      expect(await refusalOf(token), title).toBe("unknown");
      const reason = title === "another type" ? "plaintext" : "altered";
      expect(faults).toEqual([{ kind: "session", id: record.id, reason }]);
      // The session can still be listed and revoked.
      expect((await sessions.list({ subject: "ada" }, { limit: 5 })).records).toMatchObject([{ data: {} }]);
      expect(await sessions.revoke({ subject: "ada" })).toBe(1);
      expect(await refusalOf(token)).toBe("revoked");
    }
  });

  it("is refused if its content was copied from another session", async () => {
    const { inner, sessions, faults, refusalOf } = createSite(memoryStore());
    const [mine, theirs] = [
      await sessions.create({ subject: "ada" }),
      await sessions.create({ subject: "eve" }),
    ];
    const stolen = (await inner.get(theirs.record.id))?.record.data["coatcheck:encrypted"];
    await replaceCiphertext(inner, mine.record.id, () => stolen);
    expect(await refusalOf(mine.token)).toBe("unknown");
    expect(await refusalOf(theirs.token)).toBeNull();
    expect(faults.map(({ id }) => id)).toEqual([mine.record.id]);
  });

  it("is refused if its content is not encrypted, unless `acceptPlaintext` is set", async () => {
    const inner = memoryStore();
    const plain = new SessionManager<{ note?: string }>({ store: inner, secrets: ["a secret of sixteen"] });
    const { token, record } = await plain.create({ subject: "ada", data: { note: "planted" } });
    const strict = createSite(inner);
    expect(await strict.refusalOf(token)).toBe("unknown");
    expect(strict.faults).toEqual([{ kind: "session", id: record.id, reason: "plaintext" }]);
    const migrating = createSite(inner, { acceptPlaintext: true });
    expect(await migrating.sessions.resume(token)).toMatchObject({ data: { note: "planted" } });
    expect(migrating.faults).toEqual([]);
  });

  it("causes a process warning by default, which names the session but not its content", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const inner = memoryStore();
    const store = createEncryption({ secrets: [NEW] }).store(inner);
    const record = makeRecord({ data: { note: "private" } });
    await inner.put(record, { expectedVersion: 0, change: "data" });
    expect(await store.get(record.id)).toBeNull();
    await new Promise(setImmediate);
    process.off("warning", onWarning);
    expect(warnings.map(({ message }) => message)).toEqual([
      `The stored content of the session ${record.id} is not encrypted; this content was ignored.`,
    ]);
  });
});

describe("a rotation of the encryption secrets", () => {
  it("reads sessions that were encrypted with any listed secret, and writes them with the newest secret", async () => {
    const inner = memoryStore();
    const before = createSite(inner, { secrets: [OLD] });
    const { token } = await before.sessions.create({ data: { note: "private" } });
    const rotated = createSite(inner, { secrets: [NEW, OLD] });
    const session = await rotated.sessions.resume(token);
    if (!(session instanceof Session)) throw new Error("The session was refused.");
    expect(session.data).toEqual({ note: "private" });
    await session.patch({ note: "changed" });
    const after = createSite(inner, { secrets: [NEW] });
    expect(await after.sessions.resume(token)).toMatchObject({ data: { note: "changed" } });
  });

  it("needs only the newest secret after reencrypt() has processed all sessions", async () => {
    const inner = memoryStore();
    const before = createSite(inner, { secrets: [OLD] });
    const issued = await Promise.all(
      Array.from({ length: 25 }, (_, index) => before.sessions.create({ data: { note: `n${index}` } })),
    );
    await inner.put(makeRecord({ data: { note: "from before" } }), { expectedVersion: 0, change: "data" });
    await before.sessions.revoke({ session: issued[0]?.record.id ?? "" });
    const rotated = createSite(inner, { secrets: [NEW, OLD], acceptPlaintext: true });
    let total = 0;
    let cursor: string | undefined;
    do {
      const { reencrypted, next } = await rotated.store.reencrypt({ limit: 10, ...(cursor && { cursor }) });
      total += reencrypted;
      cursor = next ?? undefined;
    } while (cursor);
    expect(total).toBe(25);
    expect((await rotated.store.reencrypt({ limit: 100 })).reencrypted).toBe(0);
    const after = createSite(inner, { secrets: [NEW] });
    for (const [index, { token }] of issued.entries()) {
      const found = await after.sessions.resume(token);
      if (index === 0) expect(found.refusal).toBe("revoked");
      else expect(found).toMatchObject({ data: { note: `n${index}` } });
    }
    expect((await after.sessions.list({}, { limit: 100 })).records).toHaveLength(26);
    expect(after.faults).toEqual([]);
  });

  it("loses no write that happens during reencrypt()", async () => {
    const inner = memoryStore();
    const { sessions } = createSite(inner, { secrets: [OLD] });
    const { record } = await sessions.create({ data: { note: "first" } });
    const rotated = createSite(inner, { secrets: [NEW, OLD] });
    // The concurrent write happens after reencrypt() has read the session and before reencrypt() writes it.
    const racing: SessionStore = {
      ...inner,
      list: async (...given) => {
        const page = await inner.list(...given);
        await rotated.sessions.patch(record.id, { note: "second" });
        return page;
      },
    };
    const job = createSite(racing, { secrets: [NEW, OLD] });
    expect((await job.store.reencrypt()).reencrypted).toBe(0);
    expect((await rotated.sessions.find(record.id))?.data).toEqual({ note: "second" });
  });

  it("throws STORE_UNAVAILABLE and logs no one out if a secret is missing", async () => {
    const inner = memoryStore();
    const { sessions } = createSite(inner, { secrets: [NEW] });
    const { token, record } = await sessions.create({ subject: "ada" });
    const behind = createSite(inner, { secrets: [OLD] });
    await expect(behind.sessions.resume(token)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(behind.faults).toEqual([{ kind: "session", id: record.id, reason: "unknown-key" }]);
    expect((await behind.sessions.list({}, { limit: 5 })).records).toMatchObject([
      { subject: "ada", data: {} },
    ]);
  });
});

describe("createEncryption()", () => {
  it("throws for unknown options and short secrets, with the path of the fault", async () => {
    const misuses: [string, unknown][] = [
      ["secrets must be a list", { secrets: NEW }],
      ["secrets must contain at least one secret", { secrets: [] }],
      ["secrets.1 must have at least 16 characters", { secrets: [NEW, "short"] }],
      ['did you mean "secrets"?', { secret: [NEW] }],
    ];
    for (const [message, options] of misuses) {
      expect(() => createEncryption(options as never), message).toThrow(message);
    }
    const store = createEncryption({ secrets: [NEW] }).store(memoryStore());
    await expect(store.reencrypt({ limit: 0 })).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
    await expect(store.reencrypt({ limt: 1 } as never)).rejects.toThrow('did you mean "limit"?');
  });
});
