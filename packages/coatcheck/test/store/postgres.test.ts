import { describe, it } from "vitest";
import { postgresStore } from "../../src/store/postgres.ts";
import { storeContract } from "../../src/testing/index.ts";
import { throwAwaySchema } from "../servers/postgres.ts";
import { describeWithServer } from "../servers/servers.ts";

await describeWithServer("PostgreSQL", "private-postgres", (url) => {
  storeContract(
    { describe, it },
    {
      name: "postgres, two pools on one database",
      open: async () => {
        const schema = await throwAwaySchema(url);
        const [store, other] = await Promise.all([
          postgresStore({ connectionString: schema.url }),
          postgresStore({ connectionString: schema.url }),
        ]);
        return { store, other, cleanUp: schema.drop };
      },
    },
  );
});
