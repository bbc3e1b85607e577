/**
 * Makes `instanceof` accept the instances of every copy of this package in the process. A process has several copies if
 * two versions are installed, if several bundles contain the package, or after a hot reload with the manager on
 * `globalThis`. Without this, an adapter from one copy would treat a session from another copy as a refused token.
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
