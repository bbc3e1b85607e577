import type { UpstreamCsrfOptions, UpstreamOptions } from "./options.ts";
import { isLoginPage, type LoginPageOptions } from "./session-loss.ts";

/** Options of a preset: the settings that differ between applications of one framework. */
export interface PresetOptions {
  /** The path below `baseUrl` of a page that carries the token, for sessions with and without a login. */
  readonly csrfPath: string;
  /** How to recognise the login page, if users log in at the upstream. */
  readonly loginPage?: LoginPageOptions;
}

type Preset = (options: PresetOptions) => Required<Pick<UpstreamOptions, "csrf" | "session">>;

/** The settings that are the same for all applications of a framework. */
interface FrameworkSettings extends Omit<UpstreamCsrfOptions, "path"> {
  readonly cookie?: string;
}

function createPreset({ cookie, ...csrf }: FrameworkSettings): Preset {
  return ({ csrfPath, loginPage }) => ({
    csrf: { ...csrf, path: csrfPath },
    session: {
      ...(cookie === undefined ? {} : { cookie }),
      ...(loginPage ? { isLoggedOut: isLoginPage(loginPage) } : {}),
    },
  });
}

/**
 * Presets for common frameworks in their default configuration. Each returns the options `csrf` and `session` of {@link
 * createUpstream}; change a member if the upstream is configured differently.
 *
 * @example
 * createUpstream({
 *   baseUrl: "http://127.0.0.1:8000",
 *   secrets: [process.env.GATEWAY_SECRET],
 *   ...upstreamPresets.django({ csrfPath: "/contact/", loginPage: { path: "/accounts/login/" } }),
 * });
 */
export const upstreamPresets = {
  /** Django 4 and later. Its 403 page for a refused token contains "CSRF"; any other 403 is returned to the caller. */
  django: createPreset({
    source: { cookie: "csrftoken" },
    sendAs: { header: "X-CSRFToken" },
    staleToken: ({ status, text }) => status === 403 && /csrf/i.test(text),
    cookie: "sessionid",
  }),
  /**
   * Flask with Flask-WTF's `CSRFProtect`. The value of its session cookie changes often, so only the login page shows
   * that a session is lost.
   */
  flaskWtf: createPreset({
    source: { input: "csrf_token" },
    sendAs: { header: "X-CSRFToken" },
    staleToken: ({ status, text }) => status === 400 && /CSRF (session )?tokens? (is|are|has|do)/.test(text),
  }),
  /** Laravel, which responds 419 to a refused token. */
  laravel: createPreset({
    source: { meta: "csrf-token" },
    sendAs: { header: "X-CSRF-TOKEN" },
    staleToken: [419],
  }),
  /** Rails with `protect_from_forgery with: :exception`. A 422 for invalid input is returned to the caller. */
  rails: createPreset({
    source: { meta: "csrf-token" },
    sendAs: { header: "X-CSRF-Token" },
    staleToken: ({ status, text }) =>
      status === 422 && /InvalidAuthenticityToken|change you wanted was rejected/.test(text),
  }),
  /** ASP.NET Core's antiforgery filter, which responds 400 without a body. */
  aspNetCore: createPreset({
    source: { input: "__RequestVerificationToken" },
    sendAs: { header: "RequestVerificationToken" },
    staleToken: ({ status, text }) => status === 400 && text === "",
    cookie: ".AspNetCore.Session",
  }),
  /** PHP's own sessions with `session.use_strict_mode`, and a token in each form. */
  php: createPreset({
    source: { input: "csrf_token" },
    sendAs: { field: "csrf_token" },
    staleToken: [403, 419],
    cookie: "PHPSESSID",
  }),
} as const satisfies Readonly<Record<string, Preset>>;
