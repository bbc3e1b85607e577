import { toIso } from "coatcheck-server";
import type { z } from "zod";
import type { Entry } from "./order-state.ts";
import type { entry } from "./schemas.ts";

/** Converts a history entry to the format of the API. */
export function entryView({ at, ...rest }: Entry): z.output<typeof entry> {
  return { ...rest, at: toIso(at) };
}
