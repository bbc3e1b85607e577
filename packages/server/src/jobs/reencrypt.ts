import type { EncryptedStore } from "coatcheck/encryption";
import type { Job } from "./jobs.ts";

/** Number of sessions per step. */
const SLICE_SIZE = 100;

/**
 * Creates the job that re-encrypts the active sessions with the newest secret. Running a step twice has the same result
 * as running it once.
 */
export function reencryptJob(store: Pick<EncryptedStore, "reencrypt">): Job {
  return {
    name: "reencrypt",
    description: "Encrypts the sessions that are unencrypted or that an older secret has encrypted.",
    interval: null,
    async run(signal) {
      let reencrypted = 0;
      let cursor: string | undefined;
      do {
        const step = await store.reencrypt({ limit: SLICE_SIZE, ...(cursor && { cursor }) });
        reencrypted += step.reencrypted;
        cursor = step.next ?? undefined;
      } while (cursor && !signal.aborted);
      return { reencrypted };
    },
  };
}
