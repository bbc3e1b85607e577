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
    if (!response.ok || response.body === null) throw new Error(`No events: ${response.status}`);
    return new EventReader(response.body.pipeThrough(new TextDecoderStream()).getReader());
  }

  /** The next event; null at the end. */
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

  /** The next event that is like this. */
  async until(isIt: (event: OrderEvent) => boolean): Promise<OrderEvent> {
    for (;;) {
      const event = await this.next();
      if (event === null) throw new Error("The events have ended.");
      if (isIt(event)) return event;
    }
  }
}
