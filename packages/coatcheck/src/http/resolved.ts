import type { SessionManager } from "../session/manager.ts";
import type { ClientAddress } from "./client-address.ts";
import type { Cookie } from "./cookie.ts";
import type { CsrfProtection } from "./csrf-protection.ts";
import type { HttpOptions } from "./options.ts";

/** The parts of an adapter that every request shares, computed once from its options. */
export interface HttpContext<Data> {
  readonly manager: SessionManager<Data>;
  readonly options: HttpOptions;
  readonly cookie: Cookie;
  readonly csrf: CsrfProtection;
  readonly clientAddress: ClientAddress;
  /** The value of the header `Clear-Site-Data` at logout; empty if the header is not sent. */
  readonly clearSiteData: string;
}
