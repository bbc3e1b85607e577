/**
 * Makes `instanceof` accept the instances of every copy of this package in the process. There are two after an install of
 * two versions, in bundles that each contain one, and after a hot reload that keeps the manager on `globalThis`. Without
 * this, an adapter of one copy would take the session of another copy's manager for a refused token.
 *
 * Subclasses keep the usual `instanceof`.
 *
 * @param name the class's name, the same in every copy.
 */
export function shareBetweenCopies(type: { readonly prototype: object }, name: string): void {
  const brand = Symbol.for(`coatcheck.${name}`);
  Object.defineProperty(type.prototype, brand, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== type) return Function.prototype[Symbol.hasInstance].call(this, value);
      return typeof value === "object" && value !== null && brand in value;
    },
  });
}
