import { DEMO_CUSTOMERS } from "../customers.ts";
import { type Html, html } from "../html.ts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../password.ts";

/** The values of a login or registration form. After an error, the page shows them again. */
export interface LoginForm {
  /** The path to open after the login. */
  readonly next: string;
  readonly email?: string;
  readonly name?: string;
  readonly fault?: string;
}

/** Renders the login page. */
export function loginPage({ next, email = "", fault }: LoginForm): Html {
  const [demo] = DEMO_CUSTOMERS;
  return html`<div class="narrow"><h1>Log in</h1>
${renderFault(fault)}
<form method="post" action="/login" class="fields"><input type="hidden" name="next" value="${next}">
${emailField(email)}
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="${MAX_PASSWORD_LENGTH}" required>
<label class="check"><input type="checkbox" name="remember" value="yes">Keep me logged in</label>
<button class="main">Log in</button></form>
<p>New here? <a href="/register?next=${encodeURIComponent(next)}">Create an account</a>.</p>
<p class="aside">To try the shop: <code>${demo?.email}</code> with the password <code>${demo?.password}</code>.</p></div>`;
}

/** Renders the registration page. */
export function registerPage({ next, email = "", name = "", fault }: LoginForm): Html {
  return html`<div class="narrow"><h1>Create an account</h1>
${renderFault(fault)}
<form method="post" action="/register" class="fields"><input type="hidden" name="next" value="${next}">
<label for="name">Name</label>
<input id="name" name="name" autocomplete="name" maxlength="80" value="${name}" required>
${emailField(email)}
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="${MIN_PASSWORD_LENGTH}" maxlength="${MAX_PASSWORD_LENGTH}" aria-describedby="rule" required>
<p id="rule" class="hint">At least ${MIN_PASSWORD_LENGTH} characters.</p>
<button class="main">Create the account</button></form>
<p>You have one? <a href="/login?next=${encodeURIComponent(next)}">Log in</a>.</p></div>`;
}

function emailField(email: string): Html {
  return html`<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="email" maxlength="254" value="${email}" required>`;
}

/** Renders the error message of a form. */
export function renderFault(fault: string | undefined): Html | undefined {
  return fault === undefined ? undefined : html`<p class="notice bad" role="alert">${fault}</p>`;
}
