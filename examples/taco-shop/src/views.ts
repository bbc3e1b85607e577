import { toIso } from "coatcheck-server";
import type { z } from "zod";
import type { Entry } from "./order-state.ts";
import type { entry } from "./schemas.ts";

/** A history entry as the API returns it. */
export function entryView({ at, ...rest }: Entry): z.output<typeof entry> {
  return { ...rest, at: toIso(at) };
}
