import { invalidInput } from "./errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { applyMergePatch, diffMergePatch } from "./patch.ts";
import { INSPECT } from "./plain-session.ts";

type Members = Record<string, JsonValue | undefined>;

/** Is notified of every assignment, at any depth. */
interface DraftOwner {
  draftChanged(): void;
}

/** Reading this symbol from a view returns its draft. */
const DRAFT = Symbol("coatcheck.draft");

/**
 * The prototype of each proxy's target. `util.inspect` looks for this method on the target and calls it with the proxy, so
 * `console.log` shows the members.
 */
const TARGET = {
  [INSPECT](this: Members): Members {
    return { ...this };
  },
};

/**
 * A writable view of a frozen JSON object. The base object never changes: {@link patch} returns the assignments as a
 * merge patch (RFC 7396), so that two requests which change different members keep both changes.
 *
 * Copies lazily: an object level on its first write, an array on its first read. The draft is also the proxy handler of
 * its view, which saves an allocation for every request that reads its data.
 *
 * `structuredClone` accepts no proxy, so it rejects a view. `Object.freeze` freezes one level of the view: it keeps its
 * members and values from then on, whatever {@link rebase} brings.
 */
export class Draft implements ProxyHandler<Members> {
  #base: JsonObject;
  #children: Map<string, Draft> | null = null;
  #copy: Members | null = null;
  /** Whether the view has been frozen, sealed or made non-extensible. Its target then holds the members. */
  #isFixed = false;
  /** The object to read from and assign to. */
  readonly view: Members;
  readonly #owner: DraftOwner | undefined;

  constructor(base: JsonObject, owner?: DraftOwner) {
    this.#base = base;
    this.#owner = owner;
    this.view = new Proxy<Members>(Object.create(TARGET), this);
  }

  /** The assignments so far as a merge patch; null when the view equals the base. */
  patch(): JsonObject | null {
    const current = this.current();
    return current === this.#base ? null : diffMergePatch(this.#base, current);
  }

  /** The present content of the view; the base object itself when nothing was assigned. */
  current(): JsonObject {
    if (this.#children === null) return this.#members;
    let current: Members | null = null;
    for (const [name, child] of this.#children) {
      const value = child.current();
      if (value === child.#base) continue;
      current ??= { ...this.#members };
      current[name] = value;
    }
    return current ?? this.#members;
  }

  /** Continues from `base`, the data after `patch` was stored. Assignments that `patch` did not contain are kept. */
  rebase(base: JsonObject, patch: JsonObject | null): void {
    const later = diffMergePatch(patch ? applyMergePatch(this.#base, patch) : this.#base, this.current());
    this.#restart(base);
    if (later) this.#assign(later);
  }

  get(target: Members, name: string | symbol): unknown {
    if (typeof name === "string") {
      if (!this.#isFixed) return this.#read(name);
      return Object.hasOwn(target, name) ? target[name] : undefined;
    }
    if (name === DRAFT) return this;
    return name === Symbol.toPrimitive ? toPrimitive : undefined;
  }

  set(target: Members, name: string | symbol, value: JsonValue | undefined): boolean {
    if (typeof name !== "string") return false;
    if (this.#isFixed && !(Object.hasOwn(target, name) && Reflect.set(target, name, value))) return false;
    return this.#write(name, value);
  }

  defineProperty(target: Members, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    if (typeof name !== "string") return false;
    if (!this.#isFixed) return this.#write(name, descriptor.value);
    if (!Reflect.defineProperty(target, name, descriptor)) return false;
    return !("value" in descriptor) || this.#write(name, descriptor.value);
  }

  deleteProperty(target: Members, name: string | symbol): boolean {
    if (typeof name !== "string" || (this.#isFixed && !Reflect.deleteProperty(target, name))) return false;
    return this.#write(name, undefined) && delete this.#copy?.[name];
  }

  has(target: Members, name: string | symbol): boolean {
    return typeof name === "string" && Object.hasOwn(this.#isFixed ? target : this.#members, name);
  }

  ownKeys(target: Members): string[] {
    // `node:assert` compares the view and then prints its target.
    if (!this.#isFixed) this.#fill(target);
    return Object.keys(target);
  }

  getOwnPropertyDescriptor(target: Members, name: string | symbol): PropertyDescriptor | undefined {
    if (typeof name !== "string") return undefined;
    if (this.#isFixed) return Reflect.getOwnPropertyDescriptor(target, name);
    if (!Object.hasOwn(this.#members, name)) return undefined;
    return { value: this.#read(name), writable: true, enumerable: true, configurable: true };
  }

  getPrototypeOf(): object {
    return Object.prototype;
  }

  /** The language checks each further result of a proxy handler against the target, so the target gets the members. */
  preventExtensions(target: Members): boolean {
    this.#fill(target);
    Object.setPrototypeOf(target, Object.prototype);
    this.#isFixed = true;
    return Reflect.preventExtensions(target);
  }

  /** Gives the target the view's members, in their order. */
  #fill(target: Members): void {
    for (const name of Object.keys(target)) delete target[name];
    for (const name of Object.keys(this.#members)) target[name] = this.#read(name);
  }

  get #members(): JsonObject {
    return this.#copy ?? this.#base;
  }

  #read(name: string): JsonValue | undefined {
    const members = this.#members;
    const value = Object.hasOwn(members, name) ? members[name] : undefined;
    if (typeof value !== "object" || value === null || value !== this.#base[name]) return value;
    if (isJsonObject(value)) return this.#child(name, value).view;
    const array: JsonValue = structuredClone(value);
    this.#write(name, array);
    return array;
  }

  #child(name: string, base: JsonObject): Draft {
    this.#children ??= new Map();
    let child = this.#children.get(name);
    if (!child) {
      child = new Draft(base, this.#owner);
      this.#children.set(name, child);
    }
    return child;
  }

  #restart(base: JsonObject): void {
    this.#base = base;
    this.#copy = null;
    for (const [name, child] of this.#children ?? []) {
      const value = Object.hasOwn(base, name) ? base[name] : undefined;
      if (isJsonObject(value)) child.#restart(value);
      else this.#children?.delete(name);
    }
  }

  #assign(patch: JsonObject): void {
    for (const [name, value] of Object.entries(patch)) {
      const present = Object.hasOwn(this.#base, name) ? this.#base[name] : undefined;
      if (isJsonObject(value) && isJsonObject(present)) this.#child(name, present).#assign(value);
      else this.#write(name, value);
    }
  }

  /** @throws CoatcheckError `VALIDATION_FAILED` for `__proto__`, which would set the copy's prototype. */
  #write(name: string, value: JsonValue | undefined): boolean {
    if (name === "__proto__")
      throw invalidInput("session JSON", [{ path: name, message: "cannot be stored; rename it" }]);
    this.#copy ??= { ...this.#base };
    this.#copy[name] = withoutDraft(value);
    this.#children?.delete(name);
    this.#owner?.draftChanged();
    return true;
  }
}

/** For `String(view)` and template literals: a view has no `toString`, which could be a member of the data. */
function toPrimitive(): string {
  return "[object Object]";
}

/** Copies the data behind a proxy of a draft, so that `data.b = data.a` stores data, not the proxy of `data.a`. */
function withoutDraft(value: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(value)) return value;
  const draft: unknown = Reflect.get(value, DRAFT);
  return draft instanceof Draft ? structuredClone(draft.current()) : value;
}
