import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { applyMergePatch, diffMergePatch } from "./patch.ts";

type Members = Record<string, JsonValue | undefined>;

/** Reading this symbol from a view returns its draft. */
const DRAFT = Symbol("coatcheck.draft");

/**
 * A writable view of a frozen JSON object. The base object never changes: {@link patch} returns the assignments as a
 * merge patch (RFC 7396), so that two requests which change different members keep both changes.
 *
 * Copies lazily: an object level on its first write, an array on its first read. The draft is also the proxy handler of
 * its view, which saves an allocation for every request that reads its data.
 */
export class Draft implements ProxyHandler<Members> {
  #base: JsonObject;
  #children: Map<string, Draft> | null = null;
  #copy: Members | null = null;
  /** The object to read from and assign to. */
  readonly view: Members;

  constructor(base: JsonObject) {
    this.#base = base;
    this.view = new Proxy<Members>({}, this);
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

  get(_target: Members, name: string | symbol): unknown {
    if (typeof name === "string") return this.#read(name);
    return name === DRAFT ? this : undefined;
  }

  set(_target: Members, name: string | symbol, value: JsonValue | undefined): boolean {
    return typeof name === "string" && this.#write(name, value);
  }

  defineProperty(_target: Members, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    return typeof name === "string" && this.#write(name, descriptor.value);
  }

  deleteProperty(_target: Members, name: string | symbol): boolean {
    return typeof name === "string" && this.#write(name, undefined) && delete this.#copy?.[name];
  }

  has(_target: Members, name: string | symbol): boolean {
    return typeof name === "string" && Object.hasOwn(this.#members, name);
  }

  ownKeys(): string[] {
    return Object.keys(this.#members);
  }

  getOwnPropertyDescriptor(_target: Members, name: string | symbol): PropertyDescriptor | undefined {
    if (typeof name !== "string" || !Object.hasOwn(this.#members, name)) return undefined;
    return { value: this.#read(name), writable: true, enumerable: true, configurable: true };
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
      child = new Draft(base);
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

  /** Rejects `__proto__`, which would set the copy's prototype: the proxy turns false into a TypeError. */
  #write(name: string, value: JsonValue | undefined): boolean {
    if (name === "__proto__") return false;
    this.#copy ??= { ...this.#base };
    this.#copy[name] = withoutDraft(value);
    this.#children?.delete(name);
    return true;
  }
}

/** Copies the content of a draft's view, so that assigning one view into another does not store a proxy. */
function withoutDraft(value: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(value)) return value;
  const draft: unknown = Reflect.get(value, DRAFT);
  return draft instanceof Draft ? structuredClone(draft.current()) : value;
}
