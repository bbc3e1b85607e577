import { AsyncLocalStorage } from "node:async_hooks";
import { usageError } from "./usage-error.ts";

/**
 * The mutex that is running the application's function in this asynchronous context. Null after that function has
 * ended.
 */
const currentCall = new AsyncLocalStorage<{ mutex: Mutex | null }>();

/** Runs asynchronous actions one at a time, in the order of their calls. */
export class Mutex {
  #lastAction: Promise<unknown> | null = null;

  /** Whether an action is running. */
  get isBusy(): boolean {
    return this.#lastAction !== null;
  }

  /**
   * A promise that resolves when every action so far has ended, and never rejects. Null when no action is running.
   *
   * @throws UsageError inside the function that {@link call} runs, because it would wait for itself.
   */
  get pending(): Promise<unknown> | null {
    this.#requireOutside("commit the session that it changes: commit()");
    return this.#lastAction;
  }

  /**
   * Calls a function of the application. While it runs, {@link run} throws, because it would wait forever for the
   * function.
   */
  call<Value>(change: () => Value | Promise<Value>): Value | Promise<Value> {
    const call: { mutex: Mutex | null } = { mutex: this };
    const end = () => {
      call.mutex = null;
    };
    const result = currentCall.run(call, change);
    if (result instanceof Promise) return result.finally(end);
    end();
    return result;
  }

  /**
   * Runs `act` after all earlier actions have ended, failed ones included. Runs it synchronously when there are none.
   */
  async run<Value>(act: () => Promise<Value>): Promise<Value> {
    this.#requireOutside("write to the session that it changes: the write");
    const turn = this.#lastAction === null ? act() : this.#lastAction.then(act);
    const ended = turn.then(ignoreResult, ignoreResult);
    this.#lastAction = ended;
    try {
      return await turn;
    } finally {
      if (this.#lastAction === ended) this.#lastAction = null;
    }
  }

  /** Throws `UsageError` if the caller is the function that {@link call} runs. */
  #requireOutside(action: string): void {
    if (currentCall.getStore()?.mutex !== this) return;
    const message = `must not ${action} would wait for update() to end`;
    throw usageError("call of update()", [{ path: "change", message }]);
  }
}

/**
 * Runs `act` as if outside of every function that {@link Mutex.call} runs. For work that such a function causes but
 * does not await: when it ends the response, for example, the adapter commits the session.
 */
export function runOutside<Value>(act: () => Value): Value {
  return currentCall.getStore() === undefined ? act() : currentCall.run({ mutex: null }, act);
}

function ignoreResult(): void {}
