/**
 * Client for a backend (the upstream) that issues its own cookies and CSRF token. It sends requests on behalf of many
 * sessions; each session has its own cookie jar and CSRF token, stored encrypted in the session.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { createUpstream, stateInSession } from "coatcheck/gateway";
 * import { memoryStore } from "coatcheck/store/memory";
 *
 * const sessions = new SessionManager({ store: memoryStore(), secrets: ["a long secret of your own"] });
 * const shop = createUpstream({
 *   baseUrl: "http://127.0.0.1:3002",
 *   csrf: { path: "/csrf", source: { json: "csrfToken" }, sendAs: { header: "X-CSRF-Token" } },
 *   secrets: ["another long secret"],
 * });
 *
 * const { record } = await sessions.create();
 * const response = await shop.request(stateInSession(sessions, record.id), { method: "GET", path: "/cart" });
 * console.log(response.json());
 *
 * @module
 */

export type {
  StaleTokenTest,
  UpstreamCsrfOptions,
  UpstreamCsrfSource,
  UpstreamOptions,
} from "./options.ts";
export { type PresetOptions, upstreamPresets } from "./presets.ts";
export type { SafeMethod, UpstreamRequest } from "./request.ts";
export type { UpstreamResponse } from "./response.ts";
export { stateInSession, UPSTREAM_MEMBER, type UpstreamSessionManager } from "./session.ts";
export {
  isLoginPage,
  type LoginPageOptions,
  type UpstreamSessionLoss,
  type UpstreamSessionOptions,
} from "./session-loss.ts";
export type { UpstreamState } from "./state.ts";
export { createUpstream, type Upstream } from "./upstream.ts";
