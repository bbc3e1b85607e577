import { EventEmitter } from "node:events";

/** Events that an {@link IngestQueue} emits for operators. Each is emitted once per outage, not once per batch. */
export interface QueueEvents {
  /** The sink failed. `at`: epoch milliseconds. */
  "outage-began": [{ error: unknown; at: number }];
  /** The sink works again. `duration`: milliseconds. `waiting`: number of events that the queue still has to write. */
  "outage-ended": [{ duration: number; waiting: number }];
  /** Emitted for the first dropped event of an outage: neither memory nor disk has space. */
  dropping: [{ error: unknown }];
}

/** Emits queue events. A listener that throws causes a process warning with the code `COATCHECK_LISTENER`. */
export class QueueEmitter extends EventEmitter<QueueEvents> {
  protected emitSafely<Name extends keyof QueueEvents>(name: Name, message: QueueEvents[Name][0]): void {
    for (const listener of this.rawListeners(name)) {
      try {
        const result: unknown = Reflect.apply(listener, this, [message]);
        if (result instanceof Promise) result.catch(warnAboutListener);
      } catch (error) {
        warnAboutListener(error);
      }
    }
  }
}

function warnAboutListener(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { code: "COATCHECK_LISTENER" });
}
