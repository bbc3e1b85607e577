/** The program of a separate process, which writes sessions to the file in its argument, and prints the id of each session
 * that is stored. */
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import { makeRecord } from "../../../src/testing/records.ts";

const store = sqliteStore(process.argv[2] ?? "");
const maxRounds = Number(process.argv[3] ?? Number.POSITIVE_INFINITY);
for (let round = 0; round < maxRounds; round++) {
  const records = Array.from({ length: 8 }, () => makeRecord());
  await Promise.all(
    records.map(async (record) => {
      await store.put(record, { expectedVersion: 0, change: "data" });
      process.stdout.write(`${record.id}\n`);
    }),
  );
}
await store.close();
