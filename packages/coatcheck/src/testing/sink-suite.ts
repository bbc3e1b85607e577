import type { EventBatch, EventSink } from "../visit/sink.ts";
import type { SinkCases } from "./sink-suite/fixtures.ts";
import { guaranteeCases } from "./sink-suite/guarantees.ts";
import { orderCases } from "./sink-suite/orders.ts";
import { robustnessCases } from "./sink-suite/robustness.ts";
import type { TestFramework } from "./store-suite.ts";

/** An empty event sink for one test. */
export interface SinkUnderTest {
  readonly sink: EventSink;
  /** A second sink on the same data, as another node would have. Default: `sink`. */
  readonly other?: EventSink;
  /**
   * Returns the stored events and counts, each id once. It must read the data itself, with a connection or a file of
   * its own, so that it sees only what has been committed. The tests call it before and after `close`.
   */
  readonly read: () => Promise<EventBatch>;
  /** Deletes the test's data. Called after the sinks have been closed. */
  readonly cleanUp?: () => void | Promise<void>;
}

/** Options of {@link sinkContract}. */
export interface SinkContractOptions {
  /** The name of the sink in test titles. */
  readonly name: string;
  /** Opens a sink for one test. No two tests may share data. */
  readonly open: () => SinkUnderTest | Promise<SinkUnderTest>;
}

const GROUPS: Readonly<Record<string, SinkCases>> = {
  "write()": guaranteeCases,
  "findOrder()": orderCases,
  "unusual content and close()": robustnessCases,
};

/**
 * Registers the contract of `EventSink` as tests: each sentence of the interface's documentation is a test.
 *
 * @example
 * import { memorySink } from "coatcheck/visit/memory";
 * import { describe, it } from "node:test";
 *
 * sinkContract({ describe, it }, {
 *   name: "memory",
 *   open() {
 *     const sink = memorySink();
 *     return { sink, read: () => sink.read() };
 *   },
 * });
 */
export function sinkContract({ describe, it }: TestFramework, { name, open }: SinkContractOptions): void {
  describe(`EventSink contract: ${name}`, () => {
    for (const [group, cases] of Object.entries(GROUPS)) {
      describe(group, () => {
        for (const [title, test] of Object.entries(cases)) it(title, () => runTest(open, test));
      });
    }
  });
}

async function runTest(open: SinkContractOptions["open"], test: SinkCases[string]): Promise<void> {
  const { sink, other = sink, read, cleanUp } = await open();
  try {
    await test?.({ sink, other, read });
  } finally {
    await sink.close();
    if (other !== sink) await other.close();
    await cleanUp?.();
  }
}
