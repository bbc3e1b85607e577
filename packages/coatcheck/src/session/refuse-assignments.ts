/**
 * Makes a class reject assignments to its instances with an error, unless the class has a setter for the property.
 * Otherwise a value assigned to a session handle would be lost.
 *
 * It puts a proxy at the end of the prototype chain. Compared with `Object.preventExtensions` in the constructor, this
 * costs nothing for each instance, also throws in sloppy mode, and the error says what to do instead.
 *
 * The class must not have public fields, because many bundlers compile a public field to an assignment in the
 * constructor, which would throw.
 *
 * @param prototype the prototype of the class.
 * @param advice what the error tells the programmer to do instead, such as "assign to session.data".
 */
export function refuseAssignments(prototype: object, advice: string): void {
  const refuse = (name: string | symbol): never => {
    throw new TypeError(`Cannot assign to "${String(name)}" of this handle: ${advice}.`);
  };
  let last = prototype;
  for (let each = prototype; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    refuseGetterOnly(each, refuse);
    last = each;
  }
  const end = new Proxy(Object.create(Object.prototype), { set: (_target, name) => refuse(name) });
  // biome-ignore lint/suspicious/noThenProperty: `await` reads `then`; finding it before the proxy saves 100 ns.
  Object.setPrototypeOf(last, Object.create(end, { then: { value: undefined } }));
}

function refuseGetterOnly(prototype: object, refuse: (name: string) => never): void {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (!descriptor.get || descriptor.set) continue;
    Object.defineProperty(prototype, name, { ...descriptor, set: () => refuse(name) });
  }
}

/**
 * Makes a class throw when a program reads a member that only another kind of handle has. Otherwise the member would be
 * undefined in JavaScript, as if the session were empty.
 *
 * @param advice what the error tells the programmer to do instead.
 */
export function refuseReads(prototype: object, names: readonly string[], advice: string): void {
  for (const name of names) {
    const get = (): never => {
      throw new TypeError(`Cannot read "${name}" of this handle: ${advice}.`);
    };
    Object.defineProperty(prototype, name, { get, configurable: true });
  }
}
