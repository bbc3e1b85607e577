import { expect, it } from "vitest";
import { postgresStore } from "../../../src/store/postgres/store.ts";
import { postgresEvents } from "../../../src/visit/sink/postgres/sink.ts";
import { describeWithServer } from "../../servers/fixtures.ts";
import { createTemporarySchema, query } from "../../servers/postgres.ts";

await describeWithServer("the PostgreSQL schema in the URL", "postgres", (server) => {
  it("two schemas of one database each get the tables of a store and of an event sink", async () => {
    const schemas = [await createTemporarySchema(server), await createTemporarySchema(server)];
    try {
      for (const { url } of schemas) {
        await (await postgresStore({ connectionString: url })).close();
        await (await postgresEvents({ connectionString: url, timeZone: "UTC" })).close();
        for (const table of ["coatcheck_session", "coatcheck_visit"]) {
          expect(await query(url, `select count(*)::int as rows from ${table}`)).toEqual([{ rows: 0 }]);
        }
      }
    } finally {
      for (const { drop } of schemas) await drop();
    }
  });
});
