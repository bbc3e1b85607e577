import { createHash } from "node:crypto";
import type { Database, Queries } from "./database/database.ts";

/** How long a submission is remembered, in milliseconds. Sending the form again within this time creates nothing. */
const REMEMBER_DURATION = 24 * 60 * 60_000;

/** A form that creates an entry. */
export interface Submission {
  readonly user: string;
  /** The page that shows the form has put a random value into the field `submission`. */
  readonly form: FormData;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Creates an entry once, even if the form is sent several times: by a double click, by a browser that loads the page
 * again, or by a network that repeats the request. A form with changed content is another submission.
 *
 * @param create creates the entry in a transaction, and returns its id.
 * @returns the id of the entry that this call or an earlier call has created.
 */
export async function createOnce(
  database: Database,
  submission: Submission,
  create: (queries: Queries) => Promise<number>,
): Promise<number> {
  const hash = hashOf(submission);
  return await database.transaction(async (queries) => {
    // A second request waits here until the first request has committed.
    const sql = "INSERT INTO submissions (hash, at) VALUES (?, ?) ON CONFLICT DO NOTHING";
    if ((await queries.run(sql, hash, submission.now)) === 0) {
      const before = await queries.one<{ id: number }>(
        "SELECT created_id AS id FROM submissions WHERE hash = ?",
        hash,
      );
      if (before !== null) return before.id;
    }
    const id = await create(queries);
    await queries.run("UPDATE submissions SET created_id = ? WHERE hash = ?", id, hash);
    await queries.run("DELETE FROM submissions WHERE at < ?", submission.now - REMEMBER_DURATION);
    return id;
  });
}

/**
 * Returns a hash of the user and the fields. The random field makes it impossible to guess a password from the hash.
 */
function hashOf({ user, form }: Submission): string {
  const fields = [...form].filter(([name]) => !name.startsWith("$ACTION"));
  return createHash("sha256")
    .update(JSON.stringify([user, fields]))
    .digest("base64url");
}
