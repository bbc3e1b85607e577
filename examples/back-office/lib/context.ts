import type { SessionCache } from "coatcheck/cache";
import { defineContext, loader, preference } from "coatcheck/context";
import { LANGUAGES, THEMES } from "./choices.ts";
import { findCompany } from "./companies.ts";
import type { Database } from "./database/database.ts";
import { findUser } from "./people.ts";
import { warehouseIds } from "./warehouse-ids.ts";
import { findWarehouse } from "./warehouses.ts";

/**
 * Loads the user, company and warehouse of a session. Sessions of the same process share these objects.
 * `invalidate()` makes every process load an object again.
 */
export function officeContext(database: Database, cache: SessionCache) {
  const user = loader({
    reference: ({ subject }) => subject,
    load: (id: string) => findUser(database, id),
    tags: ({ companyId }) => (companyId === null ? [] : [`company:${companyId}`]),
  });
  const company = loader({
    from: { user },
    reference: (_session, { user }) => user?.companyId,
    load: (id: number) => findCompany(database, id),
  });
  const warehouse = loader({
    from: { user },
    reference: (_session, { user }) => user?.warehouseId,
    load: (id: number) => findWarehouse(database, id),
    selection: {
      header: "Selected-Warehouse-Xid",
      ids: warehouseIds,
      member: "warehouseId",
      mayEnter: ({ id }, { user }) => user?.warehouses.some((each) => each.id === id) ?? false,
    },
  });
  const theme = preference({
    values: THEMES,
    default: ({ user }) => THEMES.find((each) => each === user?.theme) ?? "system",
    member: "theme",
    from: { user },
    async save(value, { user }) {
      if (user) await database.run("UPDATE users SET theme = ? WHERE id = ?", value, Number(user.id));
    },
    invalidates: ["user"],
  });
  const language = preference({
    values: LANGUAGES,
    default: ({ user }) => LANGUAGES.find((each) => each === user?.language) ?? "en",
    member: "language",
    from: { user },
    async save(value, { user }) {
      if (user) await database.run("UPDATE users SET language = ? WHERE id = ?", value, Number(user.id));
    },
    invalidates: ["user"],
  });
  return defineContext({ user, company, warehouse, theme, language }, { cache });
}

export type OfficeContext = ReturnType<typeof officeContext>;
