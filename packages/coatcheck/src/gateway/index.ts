export type { UpstreamAnswer } from "./answer.ts";
export type { CsrfOptions, CsrfSource, UpstreamOptions } from "./options.ts";
export type { SafeMethod, UpstreamRequest } from "./request.ts";
export { type SessionKeeper, stateInSession, UPSTREAM_MEMBER } from "./session.ts";
export type { UpstreamState } from "./state.ts";
export { createUpstream, type Upstream } from "./upstream.ts";
