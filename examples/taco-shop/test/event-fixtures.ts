/** One server-sent event of an order. */
export interface OrderEvent {
  readonly event: string;
  readonly data: {
    readonly revision?: number;
    readonly reason?: string;
    readonly entry?: { readonly what: string } | null;
  };
}

/** Reads server-sent events one by one. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  private constructor(reader: ReadableStreamDefaultReader<string>) {
    this.#reader = reader;
  }

  static async open(url: string, headers: Record<string, string>): Promise<EventReader> {
    const response = await fetch(url, { headers });
    if (!response.ok || response.body === null)
      throw new Error(`Could not open the event stream: status ${response.status}`);
    return new EventReader(response.body.pipeThrough(new TextDecoderStream()).getReader());
  }

  /** Returns the next event; null at the end of the stream. */
  async next(): Promise<OrderEvent | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end !== -1) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
        if (event !== undefined && data !== undefined) return { event, data: JSON.parse(data) };
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#text += value;
    }
  }

  /** Returns the next event for which `isMatch` returns true. */
  async nextMatching(isMatch: (event: OrderEvent) => boolean): Promise<OrderEvent> {
    for (;;) {
      const event = await this.next();
      if (event === null) throw new Error("The event stream has ended.");
      if (isMatch(event)) return event;
    }
  }
}
