import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { type Dispatcher, errors, Pool } from "undici";
import { upstreamUnavailable } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";

/** One request as it goes over the wire. */
export interface Outgoing {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** One answer as it came, decompressed. */
export interface Incoming {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

type Decompress = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECOMPRESSORS: ReadonlyMap<string, Decompress> = new Map([
  ["gzip", promisify(gunzip) as Decompress],
  ["deflate", promisify(inflate) as Decompress],
  ["br", promisify(brotliDecompress) as Decompress],
  ["zstd", promisify(zstdDecompress) as Decompress],
]);

/** Connections kept open to one origin. It is bound to that origin: whatever a path says, nothing else is contacted. */
export class Transport {
  readonly #pool: Pool;
  readonly #limit: number;

  constructor({ baseUrl, connections, answerLimit, timeout }: ResolvedOptions) {
    this.#limit = answerLimit;
    this.#pool = new Pool(baseUrl.origin, {
      connections,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      connect: { timeout },
    });
  }

  /**
   * Sends a request and reads the whole answer.
   *
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` for an answer that cannot be used: too large, not decompressible, or
   *   with headers that are none.
   * @throws what undici throws, or the reason of `signal`, when there is no answer at all.
   */
  async send(outgoing: Outgoing, signal: AbortSignal): Promise<Incoming> {
    const { statusCode, headers, body } = await this.#request(outgoing, signal);
    const compressed = await this.#read(body);
    return {
      status: statusCode,
      headers,
      body: await this.#decompress(compressed, headers["content-encoding"]),
    };
  }

  /** Ends all connections, those in use as well. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #request(outgoing: Outgoing, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#pool.request({
        ...outgoing,
        method: outgoing.method as Dispatcher.HttpMethod,
        headers: { "accept-encoding": [...DECOMPRESSORS.keys()].join(", "), ...outgoing.headers },
        signal,
      });
    } catch (error) {
      // Who answers is not absent: one page with a header that repeats what it was sent must not close all the others.
      if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) {
        throw upstreamUnavailable("answered with headers that cannot be read", error);
      }
      throw error;
    }
  }

  async #read(body: Dispatcher.ResponseData["body"]): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > this.#limit) throw this.#tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async #decompress(body: Buffer, encodings: string | string[] | undefined): Promise<Buffer> {
    const names = [encodings ?? []].flat().join(",").toLowerCase().split(",");
    let result = body;
    for (const name of names.map((each) => each.trim()).reverse()) {
      if (name === "" || name === "identity" || result.length === 0) continue;
      const decompress = DECOMPRESSORS.get(name.replace(/^x-/, ""));
      if (!decompress) throw upstreamUnavailable("answered in a compression that nobody asked for");
      try {
        result = await decompress(result, { maxOutputLength: this.#limit });
      } catch (error) {
        if (error instanceof RangeError) throw this.#tooLarge();
        throw upstreamUnavailable("answered with something that does not decompress", error);
      }
    }
    return result;
  }

  #tooLarge() {
    return upstreamUnavailable(`answered with more than ${this.#limit} bytes`);
  }
}
