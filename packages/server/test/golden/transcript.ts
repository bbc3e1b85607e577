import { ADMIN_TOKEN, API_KEYS } from "../fixtures.ts";

/** The parts of a request or response that a transcript contains. */
export interface Message {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string;
}

/** The response headers that a transcript contains, in this order. */
const TRANSCRIPT_HEADERS = [
  "content-type",
  "set-cookie",
  "cache-control",
  "vary",
  "clear-site-data",
  "etag",
  "retry-after",
  "www-authenticate",
  "location",
] as const;

const CREDENTIALS = new Map([
  [ADMIN_TOKEN, "<admin token>"],
  [API_KEYS.slack, "<key of slack>"],
  [API_KEYS.shop, "<key of shop>"],
]);

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g;
const SESSION_TOKEN_PATTERN = /(?<![\w-])[\w-]{50}(?![\w-])/g;
const CSRF_TOKEN_PATTERN = /(?<=csrf_token(?:":\s*"|=)|x-csrf-token: )[^";\s]+/g;
const CURSOR_PATTERN = /(?<="next":\s*")[^"]+/g;
const HASH = /\b[0-9a-f]{64}\b|(?<=[hH]ash":\s*")[^"]+/g;

/**
 * Replaces every random value with a numbered placeholder. Equal values have the same number, so a reader can recognize
 * equal ids and tokens.
 */
export class Mask {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  apply(text: string): string {
    let masked = text;
    for (const [credential, name] of CREDENTIALS) masked = masked.replaceAll(credential, name);
    return masked
      .replace(CSRF_TOKEN_PATTERN, (value) => this.#nameOf("csrf token", value))
      .replace(CURSOR_PATTERN, (value) => this.#nameOf("cursor", value))
      .replace(HASH, (value) => this.#nameOf("hash", value))
      .replace(SESSION_TOKEN_PATTERN, (value) => this.#nameOf("token", value))
      .replace(UUID, (value) => this.#nameOf("id", value));
  }

  #nameOf(kind: string, value: string): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    const name = `<${kind} ${count}>`;
    this.#counts.set(kind, count);
    this.#names.set(value, name);
    return name;
  }
}

/** Collects requests and responses as the text of a golden file. */
export class Transcript {
  readonly #mask = new Mask();
  readonly #blocks: string[] = [];

  /** @param line method and path of the request, such as `GET /health`. */
  add(title: string, line: string, request: Message, response: Message & { readonly status: number }): void {
    const lines = [
      `### ${title}`,
      line,
      ...headerLines(request, Object.keys(request.headers)),
      ...bodyLines(request),
      "",
      `HTTP ${response.status}`,
      ...headerLines(response, TRANSCRIPT_HEADERS),
      ...bodyLines(response),
    ];
    this.#blocks.push(this.#mask.apply(lines.join("\n")));
  }

  toString(): string {
    return `${this.#blocks.join("\n\n")}\n`;
  }
}

function headerLines({ headers }: Message, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value = headers[name] ?? [];
    return [value].flat().map((each) => `${name}: ${each}`);
  });
}

function bodyLines({ body = "", headers }: Message): string[] {
  if (body === "") return [];
  const type = String(headers["content-type"] ?? "");
  return ["", type.includes("json") ? formatJson(body) : body.trimEnd()];
}

/** Formats JSON with one member per line and shortens long strings. Returns a body that is not JSON unchanged. */
export function formatJson(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), withoutLongStrings, 2);
  } catch {
    return body;
  }
}

function withoutLongStrings(_key: string, value: unknown): unknown {
  return typeof value === "string" && value.length > 200 ? `<${value.length} characters>` : value;
}
