import type { UpstreamCsrfOptions, UpstreamOptions } from "./options.ts";
import { isLoginPage, type LoginPageOptions } from "./session-loss.ts";

/** Options of a preset: the differences between two applications of the same framework. */
export interface PresetOptions {
  /** The path below `baseUrl` of a page that carries the token, for sessions with and without a login. */
  readonly csrfPath: string;
  /** How to recognise the login page, for upstreams that users log in to. */
  readonly loginPage?: LoginPageOptions;
}

type Preset = (options: PresetOptions) => Required<Pick<UpstreamOptions, "csrf" | "session">>;

/** The parts of a preset that belong to the framework. */
interface Framework extends Omit<UpstreamCsrfOptions, "path"> {
  readonly cookie?: string;
}

function presetOf({ cookie, ...csrf }: Framework): Preset {
  return ({ csrfPath, loginPage }) => ({
    csrf: { ...csrf, path: csrfPath },
    session: {
      ...(cookie === undefined ? {} : { cookie }),
      ...(loginPage ? { isLoggedOut: isLoginPage(loginPage) } : {}),
    },
  });
}

/**
 * The CSRF token and the session of widespread frameworks in their default configuration. Each returns `csrf` and `session`
 * for {@link createUpstream}; change a member if the upstream differs.
 *
 * @example
 * createUpstream({
 *   baseUrl: "http://127.0.0.1:8000",
 *   secrets: [process.env.GATEWAY_SECRET],
 *   ...upstreamPresets.django({ csrfPath: "/contact/", loginPage: { path: "/accounts/login/" } }),
 * });
 */
export const upstreamPresets = {
  /** Django 4 and later. Its page for a refused token names CSRF; another 403 is returned as it is. */
  django: presetOf({
    source: { cookie: "csrftoken" },
    sendAs: { header: "X-CSRFToken" },
    staleToken: ({ status, text }) => status === 403 && /csrf/i.test(text),
    cookie: "sessionid",
  }),
  /** Flask with Flask-WTF's `CSRFProtect`. Its session is a cookie whose value changes, so only the login page shows a loss. */
  flaskWtf: presetOf({
    source: { input: "csrf_token" },
    sendAs: { header: "X-CSRFToken" },
    staleToken: ({ status, text }) => status === 400 && /CSRF (session )?tokens? (is|are|has|do)/.test(text),
  }),
  /** Laravel: 419 is its own status for a refused token. */
  laravel: presetOf({
    source: { meta: "csrf-token" },
    sendAs: { header: "X-CSRF-TOKEN" },
    staleToken: [419],
  }),
  /** Rails with `protect_from_forgery with: :exception`. A 422 for invalid input is returned as it is. */
  rails: presetOf({
    source: { meta: "csrf-token" },
    sendAs: { header: "X-CSRF-Token" },
    staleToken: ({ status, text }) =>
      status === 422 && /InvalidAuthenticityToken|change you wanted was rejected/.test(text),
  }),
  /** ASP.NET Core's antiforgery filter, which responds 400 without a body. */
  aspNetCore: presetOf({
    source: { input: "__RequestVerificationToken" },
    sendAs: { header: "RequestVerificationToken" },
    staleToken: ({ status, text }) => status === 400 && text === "",
    cookie: ".AspNetCore.Session",
  }),
  /** PHP's own sessions with `session.use_strict_mode`, and a token in each form. */
  php: presetOf({
    source: { input: "csrf_token" },
    sendAs: { field: "csrf_token" },
    staleToken: [403, 419],
    cookie: "PHPSESSID",
  }),
} as const satisfies Readonly<Record<string, Preset>>;
