import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { applyMergePatch, diffMergePatch } from "./patch.ts";

type Members = Record<string, JsonValue | undefined>;

/** How a draft is found behind its view. */
const DRAFT = Symbol("coatcheck.draft");

/**
 * A view of a frozen object that may be assigned to. The object itself stays as it is; what was assigned comes out
 * as a merge patch, so that two requests which change different things both keep their change.
 *
 * Reading costs a lookup; a level is copied when it is first written, an array when it is first read. The draft is its
 * view's own handler, because every request that reads its data makes one.
 */
export class Draft implements ProxyHandler<Members> {
  #base: JsonObject;
  #children: Map<string, Draft> | null = null;
  #copy: Members | null = null;
  /** Read and assign here. */
  readonly view: Members;

  constructor(base: JsonObject) {
    this.#base = base;
    this.view = new Proxy<Members>({}, this);
  }

  /** What was assigned since the draft was made, as a merge patch; null when nothing really changed. */
  patch(): JsonObject | null {
    const current = this.current();
    return current === this.#base ? null : diffMergePatch(this.#base, current);
  }

  /** What the view shows now; the base itself while nothing was assigned. */
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

  /** Goes on from `base`, into which `patch` has been stored; what was assigned besides it stays assigned. */
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

  /** False, which becomes a TypeError, for the one name whose assignment would change the copy's prototype instead. */
  #write(name: string, value: JsonValue | undefined): boolean {
    if (name === "__proto__") return false;
    this.#copy ??= { ...this.#base };
    this.#copy[name] = detached(value);
    this.#children?.delete(name);
    return true;
  }
}

/** Assigning one draft's view into another stores what it shows at that moment, not the view. */
function detached(value: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(value)) return value;
  const draft: unknown = Reflect.get(value, DRAFT);
  return draft instanceof Draft ? structuredClone(draft.current()) : value;
}
