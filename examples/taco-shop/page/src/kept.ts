/** What the browser remembers of the page between visits. Where it may not, the page forgets, and works. */
export const kept = {
  read(key: "language" | "order" | "name"): string | null {
    try {
      return localStorage.getItem(`taco-shop.${key}`);
    } catch {
      return null;
    }
  },
  write(key: "language" | "order" | "name", value: string): void {
    try {
      localStorage.setItem(`taco-shop.${key}`, value);
    } catch {}
  },
};
