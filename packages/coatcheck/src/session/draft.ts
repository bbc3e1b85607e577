import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { diffMergePatch } from "./patch.ts";

type Members = Record<string, JsonValue | undefined>;

/** Assigning one draft's view into another stores what it shows at that moment, not the view. */
const drafts = new WeakMap<object, Draft>();

/**
 * A view of a frozen object that may be assigned to. The object itself stays as it is; what was assigned comes out
 * as a merge patch, so that two requests which change different things both keep their change.
 *
 * Reading costs a lookup; a level is copied when it is first written, an array when it is first read.
 */
export class Draft {
  readonly #base: JsonObject;
  readonly #children = new Map<string, Draft>();
  #copy: Members | null = null;
  /** Read and assign here. */
  readonly view: Members;

  constructor(base: JsonObject) {
    this.#base = base;
    this.view = new Proxy<Members>(
      {},
      {
        get: (_target, name) => (typeof name === "string" ? this.#read(name) : undefined),
        set: (_target, name, value) => typeof name === "string" && this.#write(name, value),
        deleteProperty: (_target, name) => typeof name === "string" && this.#remove(name),
        has: (_target, name) => typeof name === "string" && Object.hasOwn(this.#members, name),
        ownKeys: () => Object.keys(this.#members),
        getOwnPropertyDescriptor: (_target, name) =>
          typeof name === "string" && Object.hasOwn(this.#members, name)
            ? { value: this.#read(name), writable: true, enumerable: true, configurable: true }
            : undefined,
        defineProperty: (_target, name, descriptor) =>
          typeof name === "string" && this.#write(name, descriptor.value),
      },
    );
    drafts.set(this.view, this);
  }

  /** What was assigned since the draft was made, as a merge patch; null when nothing really changed. */
  patch(): JsonObject | null {
    const current = this.current();
    return current === this.#base ? null : diffMergePatch(this.#base, current);
  }

  /** What the view shows now; the base itself while nothing was assigned. */
  current(): JsonObject {
    let current: Members | null = null;
    for (const [name, child] of this.#children) {
      const value = child.current();
      if (value === child.#base) continue;
      current ??= { ...this.#members };
      current[name] = value;
    }
    return current ?? this.#members;
  }

  get #members(): JsonObject {
    return this.#copy ?? this.#base;
  }

  #read(name: string): JsonValue | undefined {
    const value = Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
    if (Array.isArray(value) && value === this.#base[name]) {
      const array: JsonValue = structuredClone(value);
      this.#write(name, array);
      return array;
    }
    if (!isJsonObject(value) || value !== this.#base[name]) return value;
    let child = this.#children.get(name);
    if (!child) {
      child = new Draft(value);
      this.#children.set(name, child);
    }
    return child.view;
  }

  #write(name: string, value: JsonValue | undefined): boolean {
    this.#copy ??= { ...this.#base };
    this.#copy[name] = detached(value);
    this.#children.delete(name);
    return true;
  }

  #remove(name: string): boolean {
    this.#copy ??= { ...this.#base };
    this.#children.delete(name);
    return delete this.#copy[name];
  }
}

function detached(value: JsonValue | undefined): JsonValue | undefined {
  const draft = isJsonObject(value) ? drafts.get(value) : undefined;
  return draft ? structuredClone(draft.current()) : value;
}
