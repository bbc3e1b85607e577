/** Delays responses until a test releases them. */
export interface ResponseGates {
  /** Waits until the test releases the responses named `key`. Undefined if the test does not hold them. */
  waitForRelease(key: string): Promise<void> | undefined;
  /** Holds back the responses named `key` until the returned function is called. */
  hold(key: string): () => void;
}

export function createResponseGates(): ResponseGates {
  const held = new Map<string, Promise<void>>();
  return {
    waitForRelease: (key) => held.get(key),
    hold(key) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(key, promise);
      return () => {
        held.delete(key);
        resolve();
      };
    },
  };
}
