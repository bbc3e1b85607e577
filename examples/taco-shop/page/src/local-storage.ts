type Key = "language" | "order" | "orders" | "name";

const PREFIX = "taco-shop.";

/** Stores values in the browser's local storage. If the browser blocks it, the page works without stored values. */
export const storage = {
  read(key: Key): string | null {
    try {
      return localStorage.getItem(PREFIX + key);
    } catch {
      return null;
    }
  },
  write(key: Key, value: string): void {
    try {
      localStorage.setItem(PREFIX + key, value);
    } catch {}
  },
  /**
   * Calls `onChange` with each value that another tab of this browser writes.
   *
   * @returns a function that stops following.
   */
  follow(key: Key, onChange: (value: string) => void): () => void {
    const listener = (event: StorageEvent) => {
      if (event.key === PREFIX + key && event.newValue !== null) onChange(event.newValue);
    };
    addEventListener("storage", listener);
    return () => removeEventListener("storage", listener);
  },
};
