/* The type check compiles this file; no test runs it. The line below each `@ts-expect-error` must not compile. */
import { z } from "zod";
import type { SessionCache } from "../../src/cache/index.ts";
import { type ContextSession, defineContext, loader, preference } from "../../src/context/index.ts";
import type { Session } from "../../src/index.ts";

declare const cache: SessionCache;
declare const session: Session;
declare const shop: Session<{ readonly warehouseId?: number }>;

const user = loader({
  reference: ({ subject }) => subject,
  load: async (id: string) => ({ id, companyId: 3, isAdmin: false }),
});
const company = loader({
  from: { user },
  reference: (_session, from) => from.user?.companyId,
  load: async (id: number) => ({ id, name: "Acme" }),
});
const warehouse = loader({
  reference: ({ data }: ContextSession<{ readonly warehouseId?: number }>) => data.warehouseId,
  load: (): unknown => ({}),
  schema: z.object({ city: z.string() }),
});

const context = defineContext({ user, company }, { cache });
export const companyName: string | undefined = (await context.of(session).company())?.name;
export const warehouseCity: string | undefined = (
  await defineContext({ user, warehouse }, { cache }).of(shop).warehouse()
)?.city;

// @ts-expect-error: the entity may be missing
export const userId: string = (await context.of(session).user()).id;
// @ts-expect-error: the context has no such entity
await context.of(session).usr();
// @ts-expect-error: the context has no such entity
await context.invalidate("usr", "ada");
// @ts-expect-error: there is no such option
await context.of(session).user({ restart: true });
// @ts-expect-error: the loader reads data that this session does not have
defineContext({ warehouse }, { cache }).of(session as Session<{ readonly warehouseId: string }>);
// @ts-expect-error: `load` does not accept the type that `reference` returns
loader({ reference: () => 7, load: async (key: string) => key });
// @ts-expect-error: the dependency has no such member
loader({ from: { user }, reference: (_session, from) => from.user?.company, load: async () => "" });
// @ts-expect-error: the option `cache` is missing
defineContext({ user }, {});

const theme = preference({ values: ["light", "dark"], default: "light", member: "theme" });
const contextWithTheme = defineContext({ user, company, theme }, { cache }).of(session);
export const chosenTheme: "light" | "dark" = await contextWithTheme.theme();
export const selectedCompany: string | undefined = (await contextWithTheme.select("company", "3"))?.name;
await contextWithTheme.set("theme", "dark");

// @ts-expect-error: the preference has no such value
await contextWithTheme.set("theme", "pink");
// @ts-expect-error: a loader is not a preference
await contextWithTheme.set("user", "ada");
// @ts-expect-error: a preference cannot be selected
await contextWithTheme.select("theme", "dark");
// @ts-expect-error: a preference has no option `reset`
await contextWithTheme.theme({ reset: true });
// @ts-expect-error: the default is not one of the values
preference({ values: ["light", "dark"], default: "pink", member: "theme" });
// @ts-expect-error: `from` contains no such loader
preference({ values: ["a"], default: "a", member: "m", from: { user }, invalidates: ["company"] });
