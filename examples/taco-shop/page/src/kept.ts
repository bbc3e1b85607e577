type Key = "language" | "order" | "orders" | "name";

const PREFIX = "taco-shop.";

/** What the browser remembers of the page between visits. Where it may not, the page forgets, and works. */
export const kept = {
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
  /** Hears what another tab of this browser writes; the result ends it. */
  follow(key: Key, heard: (value: string) => void): () => void {
    const listener = (event: StorageEvent) => {
      if (event.key === PREFIX + key && event.newValue !== null) heard(event.newValue);
    };
    addEventListener("storage", listener);
    return () => removeEventListener("storage", listener);
  },
};
