import { createHash } from "node:crypto";
import type { Database, Queries } from "./database/database.ts";

/** How long a form that is sent again creates nothing, in milliseconds. */
const REMEMBERED = 24 * 60 * 60_000;

/** A form that creates something. */
export interface Submission {
  readonly user: string;
  /** Its field `submission` has a random value, from the page that has shown the form. */
  readonly form: FormData;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Creates something once, however often its form is sent: by a double click, by a browser that loads the page again, or by a
 * network that repeats the request. The form with other content is another submission.
 *
 * @param create creates it, in a transaction, and returns its id.
 * @returns the id of what this call or an earlier one has created.
 */
export async function createOnce(
  database: Database,
  submission: Submission,
  create: (queries: Queries) => Promise<number>,
): Promise<number> {
  const hash = hashOf(submission);
  return await database.transaction(async (queries) => {
    // A second request waits here until the first one has committed.
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
    await queries.run("DELETE FROM submissions WHERE at < ?", submission.now - REMEMBERED);
    return id;
  });
}

/** The hash of the user and the fields. The random value in it keeps a password from being guessed. */
function hashOf({ user, form }: Submission): string {
  const fields = [...form].filter(([name]) => !name.startsWith("$ACTION"));
  return createHash("sha256")
    .update(JSON.stringify([user, fields]))
    .digest("base64url");
}
