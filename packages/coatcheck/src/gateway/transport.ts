import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { type Dispatcher, errors, Pool } from "undici";
import { upstreamUnavailableError } from "./errors.ts";
import type { WireRequest, WireResponse } from "./messages.ts";
import type { ResolvedUpstreamOptions } from "./options.ts";

type Decompress = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECOMPRESSORS: ReadonlyMap<string, Decompress> = new Map([
  ["gzip", promisify(gunzip) as Decompress],
  ["deflate", promisify(inflate) as Decompress],
  ["br", promisify(brotliDecompress) as Decompress],
  ["zstd", promisify(zstdDecompress) as Decompress],
]);

/** Persistent connections to one origin. The pool connects only to that origin, so no path can reach another host. */
export class Transport {
  readonly #pool: Pool;
  readonly #maxBytes: number;

  constructor({ baseUrl, connections, maxResponseBytes, timeout }: ResolvedUpstreamOptions) {
    this.#maxBytes = maxResponseBytes;
    this.#pool = new Pool(baseUrl.origin, {
      connections,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      connect: { timeout },
    });
  }

  /**
   * Sends a request and reads the whole response.
   *
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` for an unusable response: too large, impossible to decompress,
   *   or with malformed headers.
   * @throws the error of undici, or the abort reason of `signal`, when no response arrives.
   */
  async send(outgoing: WireRequest, signal: AbortSignal): Promise<WireResponse> {
    const { statusCode, headers, body } = await this.#sendRequest(outgoing, signal);
    const compressed = await this.#readBody(body);
    return {
      status: statusCode,
      headers,
      body: await this.#decompress(compressed, headers["content-encoding"]),
    };
  }

  /** Closes all connections, including those in use. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #sendRequest(outgoing: WireRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#pool.request({
        ...outgoing,
        method: outgoing.method as Dispatcher.HttpMethod,
        headers: { "accept-encoding": [...DECOMPRESSORS.keys()].join(", "), ...outgoing.headers },
        signal,
      });
    } catch (error) {
      // The circuit breaker must not count this as a failure, because the upstream has responded. Otherwise one page
      // that copies user input into a header could block all other pages.
      if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) {
        throw upstreamUnavailableError("sent response headers that cannot be parsed", error);
      }
      throw error;
    }
  }

  async #readBody(body: Dispatcher.ResponseData["body"]): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > this.#maxBytes) throw this.#tooLargeError();
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
      if (!decompress) throw upstreamUnavailableError("used a content encoding that was not requested");
      try {
        result = await decompress(result, { maxOutputLength: this.#maxBytes });
      } catch (error) {
        if (error instanceof RangeError) throw this.#tooLargeError();
        throw upstreamUnavailableError("sent a body that cannot be decompressed", error);
      }
    }
    return result;
  }

  #tooLargeError() {
    return upstreamUnavailableError(`sent a body of more than ${this.#maxBytes} bytes`);
  }
}
