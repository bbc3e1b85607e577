/** The members of the browser's global object that the tracker uses. */
export interface TrackerScope {
  readonly document: Pick<
    Document,
    "addEventListener" | "cookie" | "querySelector" | "referrer" | "title" | "visibilityState"
  > & {
    readonly prerendering?: boolean;
  };
  readonly location: Pick<Location, "pathname" | "search">;
  readonly history: Pick<History, "pushState" | "replaceState">;
  readonly navigator: Pick<Navigator, "sendBeacon"> & { readonly globalPrivacyControl?: boolean };
  readonly performance: Pick<Performance, "now">;
  readonly crypto: Pick<Crypto, "getRandomValues">;
  readonly fetch: (url: string, init: RequestInit) => Promise<Pick<Response, "ok" | "status">>;
  readonly setTimeout: (task: () => void, delay: number) => unknown;
  readonly addEventListener: Window["addEventListener"];
}

/** Makes a UUID v4. Unlike `crypto.randomUUID`, it works on pages without HTTPS too. */
export function createUuid({ crypto }: TrackerScope): string {
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
