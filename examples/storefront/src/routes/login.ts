import { CoatcheckError } from "coatcheck";
import { sessionOf } from "coatcheck/express";
import { Router } from "express";
import type { Html } from "../html.ts";
import { logIn } from "../log-in.ts";
import { type LoginForm, loginPage, registerPage } from "../pages/login.ts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../password.ts";
import { customerOf, type Storefront } from "../storefront.ts";
import {
  formField,
  type PageRequest,
  pathAfterLogin,
  queryOf,
  redirect,
  sendPage,
  withSession,
} from "./respond.ts";

type FormPage = (form: LoginForm) => Html;

/** Creates the routes of login, registration and logout. */
export function loginRoutes(shop: Storefront): Router {
  const router = Router();
  router.get(
    "/login",
    withSession(shop, (pageRequest) => showForm(pageRequest, "Log in", loginPage)),
  );
  router.get(
    "/register",
    withSession(shop, (pageRequest) => showForm(pageRequest, "Create an account", registerPage)),
  );
  router.post("/login", withSession(shop, submitLogin));
  router.post("/register", withSession(shop, submitRegistration));
  router.post(
    "/logout",
    withSession(shop, async (pageRequest) => {
      await pageRequest.session.revoke();
      redirect(pageRequest, "/");
    }),
  );
  return router;
}

async function showForm(pageRequest: PageRequest, title: string, form: FormPage): Promise<void> {
  const next = pathAfterLogin(queryOf(pageRequest.request, "next", 500));
  if (customerOf(pageRequest.shop, pageRequest.session)) return redirect(pageRequest, next);
  await sendPage(pageRequest, { title, main: form({ next }) });
}

async function submitLogin(pageRequest: PageRequest): Promise<void> {
  const { shop, request, session } = pageRequest;
  const next = pathAfterLogin(formField(request, "next", 500));
  const email = formField(request, "email");
  const rememberMe = formField(request, "remember") === "yes";
  const failed = (fault: string) =>
    sendPage(pageRequest, { title: "Log in", main: loginPage({ next, email, fault }) });
  await withFormErrors(pageRequest, failed, async () => {
    await logIn(shop, request, session, { email, password: passwordOf(pageRequest), rememberMe });
    redirect(pageRequest, next);
  });
}

async function submitRegistration(pageRequest: PageRequest): Promise<void> {
  const { shop, request, session } = pageRequest;
  const next = pathAfterLogin(formField(request, "next", 500));
  const [email, name, password] = [
    formField(request, "email"),
    formField(request, "name", 80),
    passwordOf(pageRequest),
  ];
  const failed = (fault: string) =>
    sendPage(pageRequest, { title: "Create an account", main: registerPage({ next, email, name, fault }) });
  await withFormErrors(pageRequest, failed, async () => {
    requireRegistration({ email, name, password });
    shop.attempts.countAttempt(sessionOf(request).client.address);
    const customer = await shop.customers.register({ email, name, password });
    await session.authenticate(customer.id);
    redirect(pageRequest, next);
  });
}

/** Reads the password. Spaces are part of the password, so it is not trimmed. */
function passwordOf({ request: { body } }: PageRequest): string {
  return typeof body?.password === "string" ? body.password : "";
}

/** Shows the form again with the error message of a client error, instead of an error page. */
async function withFormErrors(
  { response }: PageRequest,
  showFault: (fault: string) => Promise<void>,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    const isUsers =
      error instanceof CoatcheckError &&
      ["FORBIDDEN", "VALIDATION_FAILED", "RATE_LIMITED", "CONFLICT"].includes(error.code);
    if (!isUsers) throw error;
    response.status(error.statusCode);
    await showFault(error.message);
  }
}

function requireRegistration({ email, name, password }: Record<"email" | "name" | "password", string>): void {
  const fault = registrationFault(email, name, password);
  if (fault !== null) throw new CoatcheckError("VALIDATION_FAILED", fault);
}

function registrationFault(email: string, name: string, password: string): string | null {
  if (name === "") return "Enter your name.";
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return "Enter an e-mail address, such as ada@example.com.";
  if (password.length >= MIN_PASSWORD_LENGTH && password.length <= MAX_PASSWORD_LENGTH) return null;
  return `The password must have ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters.`;
}
