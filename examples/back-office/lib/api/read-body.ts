import { CoatcheckError } from "coatcheck";
import type { z } from "zod";

/** The largest body, in bytes. */
const MAX_BYTES = 16 * 1024;

/**
 * Reads a JSON body.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with the path of each fault; `PAYLOAD_TOO_LARGE`.
 */
export async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<z.output<Schema>> {
  const result = schema.safeParse(parse(await readText(request)));
  if (result.success) return result.data;
  const details = result.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  const [first] = details;
  throw new CoatcheckError(
    "VALIDATION_FAILED",
    `Invalid body: ${first?.path || "body"}: ${first?.message}.`,
    {
      faults: details,
    },
  );
}

async function readText(request: Request): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) {
      throw new CoatcheckError("PAYLOAD_TOO_LARGE", `The body must be at most ${MAX_BYTES} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CoatcheckError("VALIDATION_FAILED", "The body must be JSON.");
  }
}
