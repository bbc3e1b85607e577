import { readConfig } from "coatcheck-server";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  createTemporaryDatabase,
  describeWithServer,
} from "../../../packages/coatcheck/test/servers/fixtures.ts";
import type { Office } from "../lib/office.ts";
import { changeUser, findListedUser } from "../lib/users.ts";
import { closeOffice, openOffice } from "../src/open-office.ts";

const SECRETS = {
  SESSION_SECRETS: "a secret that both nodes have",
  ADMIN_TOKEN: "an-admin-token-of-the-tests",
};

const configOf = (url: string) => readConfig({ ...SECRETS, DATABASE_URL: url, LOG_LEVEL: "silent" });

await describeWithServer("two nodes of the back office on one PostgreSQL", "postgres", (server) => {
  let database: Awaited<ReturnType<typeof createTemporaryDatabase>>;
  let nodes: readonly Office[];

  beforeEach(async () => {
    database = await createTemporaryDatabase(server);
    nodes = await Promise.all([openOffice(configOf(database.url)), openOffice(configOf(database.url))]);
  });
  afterEach(async () => {
    await Promise.all(nodes.map(closeOffice));
    await database.drop();
  });

  /** Returns the user of a session as a node loads it, and the number of queries that the node has run for this. */
  async function userAt({ context, database }: Office, subject: string) {
    const [user, queries] = await database.countStatements(() =>
      context.of({ subject, tenant: null, data: {} }).user(),
    );
    return { name: user?.name, role: user?.role, queries };
  }

  it("a node caches a user, and reads the user again after another node has changed the user", async () => {
    const [first, second] = nodes as readonly [Office, Office];
    await userAt(second, "2");
    expect(await userAt(second, "2")).toEqual({ name: "Ben Moser", role: "Clerk", queries: 0 });
    const line = await findListedUser(first.database, 2);
    if (line === null) throw new Error("The demo has no Ben.");
    const change = { ...line, name: "Benjamin Moser", roleId: 3 };
    await changeUser(first.database, { company: 1, permissions: null }, 2, change);
    await first.context.invalidate("user", 2);
    await expect
      .poll(async () => (await userAt(second, "2")).role, { interval: 5, timeout: 10_000 })
      .toBe("Auditor");
    expect(await userAt(second, "2")).toEqual({ name: "Benjamin Moser", role: "Auditor", queries: 0 });
  });

  it("a JWT that one node has issued is valid on the other node, until either node revokes its session", async () => {
    const [first, second] = nodes as readonly [Office, Office];
    const { record } = await first.sessions.manager.create({ subject: "2", tenant: "1" });
    const { token } = await first.jwts.issue({ record });
    expect(await second.jwts.verify(token)).toMatchObject({
      subject: "2",
      tenant: "1",
      sessionId: record.id,
    });
    await first.sessions.manager.revoke({ session: record.id }, "admin");
    await expect
      .poll(() => second.jwts.verify(token).catch(({ code }) => code), { interval: 5, timeout: 10_000 })
      .toBe("SESSION_REVOKED");
  });

  it("a node whose database is unavailable does not start, and its error does not contain the password", async () => {
    const url = new URL(database.url);
    url.pathname = "/missing";
    const error = await openOffice(configOf(url.href)).catch((reason: Error) => reason);
    expect(error).toMatchObject({ name: "StartError" });
    expect(String(error)).toContain("missing");
    expect(String(error)).not.toContain(url.password);
  });
});
