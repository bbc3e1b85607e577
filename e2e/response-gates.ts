/** Lets a test hold responses back and release them. */
export interface ResponseGates {
  /** Resolves immediately, or as soon as the responses named `key` are released. */
  pass(key: string): Promise<void> | undefined;
  /** Holds back the responses named `key` until the returned function is called. */
  hold(key: string): () => void;
}

export function createResponseGates(): ResponseGates {
  const held = new Map<string, Promise<void>>();
  return {
    pass: (key) => held.get(key),
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
