import { toIso } from "coatcheck-server";
import type { z } from "zod";
import type { HistoryEntry } from "./order-state.ts";
import type { historyEntry } from "./schemas.ts";

/** Converts a history entry to the format of the API. */
export function historyEntryView({ at, ...rest }: HistoryEntry): z.output<typeof historyEntry> {
  return { ...rest, at: toIso(at) };
}
